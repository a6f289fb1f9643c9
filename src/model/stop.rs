//! How a service is stopped.

use super::{App, Dialect, Receiver, Setting, Unit, UnitCommand};
use crate::edit::Edit;
use crate::source::Sources;
use crate::value::{Duration, Possible};

/// How much longer than Gunicorn systemd waits after the fix: Gunicorn kills its workers when its own time is up and then
/// still has to end.
const MARGIN: Duration = Duration::seconds(5);

/// Whether systemd waits long enough for a service to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits, or may wait, as long as that.
    Enough,
    /// It certainly does not; with how it would.
    Short(Option<Edit>),
}

impl Unit {
    /// Whether systemd waits as long as some time for the service to stop.
    pub fn waits(&self, needed: &Possible<Duration>, sources: &Sources) -> Patience {
        let stop: Setting<Option<Duration>> = self.setting("TimeoutStopSec");
        let is_short = needed.must(|needed| stop.value.must(|stop| stop.is_some_and(|stop| stop < *needed)));
        let longest = needed.candidates().and_then(|it| it.iter().max());
        match longest.filter(|_| is_short) {
            Some(longest) => Patience::Short(self.wait_longer(&stop, *longest, sources)),
            None => Patience::Enough,
        }
    }

    /// Lets systemd wait somewhat longer than some time.
    fn wait_longer(
        &self,
        stop: &Setting<Option<Duration>>,
        needed: Duration,
        sources: &Sources,
    ) -> Option<Edit> {
        let seconds = needed.milliseconds.checked_add(MARGIN.milliseconds)?.div_ceil(1000).to_string();
        if let Some(anchor) = stop.origin.anchor.filter(|anchor| anchor.dialect == Dialect::Unit) {
            // `TimeoutSec=` is the time to start, too, which is left as it is.
            return match sources.text(anchor.span).starts_with("TimeoutStopSec") {
                true => Some(anchor.set(&seconds)),
                false => anchor.add_after(sources, &[("TimeoutStopSec", seconds)]),
            };
        }
        if stop.origin.is_written() {
            return None;
        }
        let start = self.commands_of("ExecStart").next()?.line.anchor?;
        start.add_after(sources, &[("TimeoutStopSec", seconds)])
    }

    /// Whether all that its `ExecStop=` does, if it has any, is to send signals to the main process, so that nothing else stops
    /// before systemd sends its own.
    pub fn stops_main_alone(&self) -> bool {
        let is_for_main = |command: &UnitCommand| {
            command.signal.as_ref().is_some_and(|signal| signal.receiver == Receiver::Main)
        };
        let mut commands = self.commands_of("ExecStop").peekable();
        // What is written and gives no command is not known.
        let is_known = !self.settings.contains_key("ExecStop") || commands.peek().is_some();
        is_known && commands.all(is_for_main)
    }

    /// Whether a setting is certainly one of some texts.
    pub fn must_be(&self, name: &str, texts: &[&str]) -> bool {
        let setting: Setting<Option<String>> = self.setting(name);
        setting.value.must(|it| it.as_deref().is_some_and(|it| texts.contains(&it)))
    }

    /// Whether it is stopped by the signals that systemd and its own commands send, and Gunicorn is there to get them: no
    /// script waits for something, and no daemon has left the service.
    pub fn stops(&self, app: &App) -> bool {
        let daemon: Setting<bool> = app.setting("daemon");
        let stop: Setting<Option<Vec<String>>> = self.setting("ExecStop");
        !self.masked
            && !self.is_refused()
            && !daemon.value.must(|daemon| *daemon)
            && stop.value.known().is_some()
            && self.commands_of("ExecStop").all(|command| command.signal.is_some())
    }
}
