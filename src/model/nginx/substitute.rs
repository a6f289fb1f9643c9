//! Who answers a request in the place of a server that lets it time out.

use super::super::{Setting, Version};
use super::{Nginx, Peer, Route};
use crate::value::{Duration, Endpoint, Host, Possible};

/// What may answer a request that a server does not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Substitute {
    /// An `error_page` for the 504.
    Page,
    /// The cache, with an answer that is out of date.
    Cache,
    /// Another server of the upstream.
    Server,
}

impl Nginx {
    /// What answers a request of a route that times out, or may do so: without it the client gets a 504. An `error_page` is
    /// certain.
    ///
    /// `ngx_http_upstream_next` of nginx 1.31.3: after a `timeout` that is listed, while there are tries and servers left
    /// and the time for retries is not over; where there are none, `ngx_http_upstream_cache_get` of what is stale.
    pub fn substitute(&self, route: &Route, version: Version) -> Option<Substitute> {
        let of = |name: &str| self.setting::<Vec<String>>(route.level, name, version).value;
        let lists = |words: &Vec<String>| words.iter().any(|word| word == "timeout");
        let stale = of(&format!("{}cache_use_stale", route.gateway.prefix()));
        if self.rescues(route.level).timed_out {
            Some(Substitute::Page)
        } else if stale.likely().iter().any(lists) {
            Some(Substitute::Cache)
        } else {
            let [failures, tries, limit] = route.gateway.next_upstream()?;
            let tries: Setting<i64> = self.setting(route.level, tries, version);
            let limit: Setting<Duration> = self.setting(route.level, limit, version);
            let read: Setting<Duration> = self.setting(route.level, route.gateway.read_timeout()?, version);
            let is_over = |limit: &Duration| limit.milliseconds > 0 && read.value.must(|read| read >= limit);
            let servers: usize = route.peers.iter().map(addresses).sum();
            let goes_on = (route.open.is_some() || servers > 1)
                && of(failures).may(lists)
                && !tries.value.must(|tries| *tries == 1)
                && !limit.value.must(is_over);
            goes_on.then_some(Substitute::Server)
        }
    }
}

/// How many servers a line of an upstream may be. `localhost` is two wherever /etc/hosts names both.
fn addresses(peer: &Peer) -> usize {
    match &peer.address {
        _ if peer.down => 0,
        Possible::Known(Endpoint::Tcp(Host::Name(name), _)) if name == "localhost" => 2,
        // What a template fills in is one address, as far as the app listens there.
        Possible::Known(_) | Possible::Unknown(_) => 1,
        several => several.likely().len(),
    }
}
