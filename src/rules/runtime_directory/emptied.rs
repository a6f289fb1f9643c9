//! A socket unit's socket in the directory of its service, which goes when the service stops.

use super::{mends, warning};
use crate::finding::{Finding, Label};
use crate::model::{Manager, Unit, UnitListener};
use crate::rules::Context;
use crate::value::Endpoint;

pub(super) fn findings(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for unit in
        context.deployment.units.iter().filter(|unit| unit.manager != Manager::User && mends::goes(unit))
    {
        let Some(directories) = unit.runtime_directories() else { continue };
        let sockets = unit.sockets.iter().map(|socket| context.deployment.unit(socket.unit));
        for (socket, listener) in
            sockets.flat_map(|socket| socket.listeners.iter().map(move |it| (socket, it)))
        {
            if let Some(Endpoint::Unix(path)) = listener.address.known()
                && let Some(directory) = directories.iter().find(|it| path.starts_with(&format!("{it}/")))
            {
                findings.push(finding(context, unit, socket, listener, directory));
            }
        }
    }
    findings
}

fn finding(
    context: &Context,
    unit: &Unit,
    socket: &Unit,
    listener: &UnitListener,
    directory: &str,
) -> Finding {
    let message = format!(
        "systemd removes {directory} whenever `{}` stops, and with it the socket of `{}`, which takes it for still being \
         there: after a restart of the service nginx answers with a 502",
        unit.name, socket.name
    );
    let place = unit.settings.get("RuntimeDirectory").and_then(|it| it.origin.place);
    let primary =
        Label { span: place.unwrap_or(unit.place), text: format!("{directory} goes with the service") };
    let related = vec![Label { span: listener.place, text: "the socket is in it".into() }];
    let mut finding = warning(message, primary, related);
    finding.outcome = "502 after a restart".into();
    finding.help = Some(format!(
        "let it stay with `RuntimeDirectoryPreserve=yes`, or let `{}` listen elsewhere in /run",
        socket.name
    ));
    finding.fix = mends::keep(context, std::iter::once(unit));
    finding
}
