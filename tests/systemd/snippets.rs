//! Small units of all sorts: hoplint and systemd object to the same lines, and refuse the same units.

use super::verify::{Asked, hoplint_says, systemd_says, version};
use crate::real;

/// Sections, keys and lines.
const LINES: &[&str] = &[
    "[Service]\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true",
    "[Service]\r\nExecStart=/bin/true\r\nRestart=yes\r\n",
    "\u{feff}[Service]\nExecStart=/bin/true\n",
    "  [Service]  \n  ExecStart  =  /bin/true  \n",
    "\t[Service]\n\tExecStart=/bin/true\n",
    "[service]\nExecStart=/bin/true\n[Service]\nExecStart=/bin/true\n",
    "[Service]\nexecstart=/bin/false\nExecStart=/bin/true\n",
    "[Service]\nExecStart =/bin/true\nExec Start=/bin/true\n",
    "[Service]\nExecStart=/bin/true\nfoo\n",
    "[Service]\nExecStart=/bin/true\n=foo\n",
    "[Service]\nExecStart=/bin/true\nfoo=bar\n",
    "[Service]\nExecStart=/bin/true\nX-foo=bar\n",
    "[Service]\nExecStart=/bin/true\nx-foo=bar\n",
    "[Service]\nExecStart=/bin/true\nXfoo=bar\n",
    "[X-Foo]\nfoo\nbar=1\n[Service]\nExecStart=/bin/true\n",
    "[Foo]\nfoo\nbar=1\n[Service]\nExecStart=/bin/true\n",
    "[Socket]\nListenStream=foo\n[Service]\nExecStart=/bin/true\n",
    "[Timer]\nOnCalendar=foo\n[Service]\nExecStart=/bin/true\n",
    "[Foo]\n[Foo]\n[Service]\nExecStart=/bin/true\n",
    "[]\nfoo=bar\n[Service]\nExecStart=/bin/true\n",
    "[Service\nExecStart=/bin/true\n",
    "[Service] # why\nExecStart=/bin/true\n",
    "[Service]]\nExecStart=/bin/true\n[Service]\nExecStart=/bin/true\n",
    "[[Service]]\nExecStart=/bin/true\n[Service]\nExecStart=/bin/true\n",
    "[\"Service\"]\nExecStart=/bin/true\n",
    "[ Service ]\nExecStart=/bin/false\n[Service]\nExecStart=/bin/true\n",
    "foo=bar\n[Service]\nExecStart=/bin/true\n",
    "[Unit]\nRestart=always\n[Service]\nExecStart=/bin/true\n",
    "[Service]\nWantedBy=multi-user.target\nExecStart=/bin/true\n",
    "[Service]\nAfter=network.target\nExecStart=/bin/true\n",
    "[Service]\nStartLimitIntervalSec=5\nStartLimitInterval=5\nExecStart=/bin/true\n",
    "[Unit]\nStartLimitInterval=5\nStartLimitIntervalSec=5\n[Service]\nExecStart=/bin/true\n",
    "[Install]\nWantedBy=multi-user.target\nFoo=bar\n[Service]\nExecStart=/bin/true\n",
    "[Install]\nDescription=foo\n[Service]\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true\n[Service]\nRestart=foo\n",
    "[Service]\nExecStart=/bin/true\n[Unit]\nfoo=1\n[Service]\nfoo=2\n",
    "[Service]\nExecStart=/bin/true\nÄ=1\n",
    "[Service]\nExecStart=/bin/true\n[Sérvice]\nA=1\n",
    "[Service]\nExecStart=/bin/true\nexport A=b\n",
    "[Service]\nExecStart=/bin/true\n- a\n",
    "[Service]\nExecStart=/bin/true\nRestart: always\n",
    "[Service]\nExecStart=/bin/true\nRestart==always\n",
    "[Service]\nExecStart=/bin/true\n//comment\n",
    "[Service]\nExecStart=/bin/true\nRestart=no # why\n",
    "[Service]\nExecStart=/bin/true\nRestart=no ; why\n",
    "[Service]\nExecStart=/bin/true\nUser=www-data # why\n",
    "[Service]\nExecStart=/bin/true\nTimeoutStopSec=30 # seconds\n",
];

/// Before the first header systemd speaks of every line, and hoplint once: the header is missing once.
const HEADLESS: &str = "foo\nbar\n[Service]\nExecStart=/bin/true\n";

/// Comments and continued lines.
const CONTINUED: &[&str] = &[
    "# a\n; b\n[Service]\n# c=d\nExecStart=/bin/true\n",
    "[Service]\n  # a\n\t; b\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true \\\n  a \\\n  b\n",
    "[Service]\nExecStart=/bin/true \\\n# why\n  a\nRestart=foo\n",
    "[Service]\nExecStart=/bin/true \\\n; why\n  a\nRestart=foo\n",
    "[Service]\nExecStart=/bin/true \\\n\nRestart=foo\n",
    "[Service]\nExecStart=/bin/true \\\n  \nRestart=foo\n",
    "[Service]\nExecStart=/bin/true \\ \n  a=b\n",
    "[Service]\nExecStart=/bin/true \\ \n  a\n",
    "[Service]\nExecStart=/bin/true \\",
    "[Service]\nExecStart=/bin/true a\\\\\n",
    "[Service]\nExecStart=/bin/true a\\\\\\\n b\n",
    "[Service]\nExecStart=/bin/true\n# comment \\\nRestart=foo\n",
    "[Service]\nExecStart=\\\n/bin/true\n",
    "[Service]\nExecStart\\\n=/bin/true\n",
    "[Service]\nExec\\\nStart=/bin/false\nExecStart=/bin/true\n",
    "[Serv\\\nice]\nExecStart=/bin/true\n[Service]\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true\nRestart=al\\\nways\n",
    "[Service]\nExecStart=/bin/true\nRestart=\\\n  always\n",
    "[Service]\nExecStart=/bin/true\nRestart=\\\n  foo\n",
    "[Service]\nExecStart=/bin/true\nRestart=foo \\\n\n",
    "[Service]\nExecStart=/bin/true\nEnvironment=A=b \\\n  C=d \\\n  e\n",
    "[Service]\nExecStart=/bin/true 'a \\\n b'\n",
    "[Service]\nExecStart=/bin/true \"a \\\n b\nRestart=foo\"\n",
    "[Service]\r\nExecStart=/bin/true \\\r\n  a\r\nRestart=foo\r\n",
    "[Service]\nExecStart=/bin/true \\\n  a\n  b\n",
    "[Service]\nExecStart=/bin/true \\\n  --bind 0.0.0.0:80 # \\\n  --workers 3\n",
];

/// Command lines.
const COMMANDS: &[&str] = &[
    "ExecStart=/bin/true",
    "ExecStart=true",
    "ExecStart=bin/true",
    "ExecStart=./true",
    "ExecStart=~/true",
    "ExecStart=$HOME/true",
    "ExecStart=${HOME}/true",
    "ExecStart=$TRUE",
    "ExecStart=%h/true",
    "ExecStart=%Z/true",
    "ExecStart=/bin/true %Z",
    "ExecStart=/bin/true %%Z %(h)s 5%",
    "ExecStart=/bin/true %D",
    "ExecStart=/bin/true %Y-%m",
    "ExecStart=/bin/true +%F",
    "ExecStart=/bin/true '%Z'",
    "ExecStart=-/bin/true",
    "ExecStart=-bin/true",
    "ExecStart=-%Z",
    "ExecStart=-/bin/true %Z",
    "ExecStart=@/bin/true name",
    "ExecStart=@/bin/true",
    "ExecStart=:/bin/true $A",
    "ExecStart=+/bin/true",
    "ExecStart=!/bin/true",
    "ExecStart=!!/bin/true",
    "ExecStart=!!!/bin/true",
    "ExecStart=-+@:/bin/true name",
    "ExecStart=++/bin/true",
    "ExecStart=--/bin/true",
    "ExecStart=+!/bin/true",
    "ExecStart=!+/bin/true",
    "ExecStart=-",
    "ExecStart=- /bin/true",
    "ExecStart=@ /bin/true",
    "ExecStart=''",
    "ExecStart=\"\" a",
    "ExecStart=\"/bin/true\" a",
    "ExecStart='-/bin/true' a",
    "ExecStart=\"/bin/a b\" c",
    "ExecStart=/bin/true \"a",
    "ExecStart=/bin/true 'a",
    "ExecStart=/bin/true it's",
    "ExecStart=/bin/true \"it's\"",
    "ExecStart=/bin/true a'b c'd",
    "ExecStart=/bin/true \\\"a",
    "ExecStart=/bin/true \"a\\\"",
    "ExecStart=/bin/true a ; /bin/true b",
    "ExecStart=/bin/true a ; true/b",
    "ExecStart=/bin/true a ;",
    "ExecStart=/bin/true a;b",
    "ExecStart=/bin/true a \\; b",
    "ExecStart=/bin/true ';' b",
    "ExecStart=/bin/true && /bin/true",
    "ExecStart=/bin/true | cat > /x 2>&1",
    "ExecStart=/bin/true `date`",
    "ExecStart=/bin/true $(date)",
    "ExecStart=cd /srv && /bin/true",
    "ExecStart=A=b /bin/true",
    "ExecStart=/bin/true\nExecStart=/bin/true",
    "ExecStart=/bin/true\nExecStart=\nExecStart=/bin/true",
    "ExecStart=bin/true\nExecStart=\nExecStart=/bin/true",
    "ExecStart=/bin/true \"a\nExecStart=/bin/true",
    "ExecStart=/bin/true\nExecStartPre=bin/true",
    "ExecStart=/bin/true\nExecStartPre=-bin/true",
    "ExecStart=/bin/true\nExecReload=kill -HUP $MAINPID",
    "ExecStart=/bin/true\nExecReload=bin/kill -HUP $MAINPID",
    "ExecStart=/bin/true\nExecStop=/bin/kill -s TERM \"$MAINPID",
    "ExecStart=/bin/",
    "ExecStart=/",
    "ExecStart=/bin/../bin/true",
    "ExecStart=/bin//true",
    "ExecStart=..",
    "ExecStart=.",
    "ExecStart=[Service]",
];

/// Services with too many commands or with none, and those with as many as they may have. Whether the whole is refused
/// hangs on nothing else here.
const COUNTS: &[&str] = &[
    "[Service]\nExecStart=/bin/true\nExecStart=/bin/true\n",
    "[Service]\nType=exec\nExecStart=/bin/true\nExecStart=/bin/true\n",
    "[Service]\nType=notfy\nExecStart=/bin/true\nExecStart=/bin/true\n",
    "[Service]\nType=oneshot\nExecStart=/bin/true\nExecStart=/bin/true\n",
    "[Service]\nType=oneshot\nType=\nExecStart=/bin/true\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true\nExecStart=\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true ; /bin/true\n",
    "[Service]\nExecStart=/bin/true ;\n",
    "[Service]\nExecStart=; /bin/true\n",
    "[Service]\nExecStart=/bin/true \\; /bin/true\n",
    "[Service]\nType=oneshot\nExecStart=/bin/true ; /bin/true\n",
    "[Service]\nExecStart=/bin/true\nExecStart=-bin/true\n",
    "[Service]\nExecStart=/bin/true\nExecStartPre=/bin/true\nExecStartPre=/bin/true\n",
    "[Service]\nRestart=no\n",
    "[Service]\nExecStart=\n",
    "[Service]\nExecStart=/bin/true\nExecStart=\n",
    "[Service]\nExecStartPre=/bin/true\n",
    "[Service]\nExecStop=/bin/true\n",
    "[Service]\nRemainAfterExit=yes\nExecStop=/bin/true\n",
    "[Service]\nRemainAfterExit=maybe\nExecStop=/bin/true\n",
    "[Service]\nType=simple\nExecStop=/bin/true\n",
    "[Service]\nType=simple\nRemainAfterExit=yes\nExecStop=/bin/true\n",
    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/true\n",
    "[Service]\nType=oneshot\nExecStop=/bin/true\n",
    "[Service]\nType=oneshot\nRemainAfterExit=yes\n",
    "[Unit]\nSuccessAction=exit\n[Service]\nType=oneshot\n",
    "[Unit]\nSuccessAction=none\n[Service]\nType=oneshot\n",
    "[Unit]\nSuccessAction=exit\n[Service]\nType=simple\n",
    "[Unit]\nSuccessAction=exit\n[Service]\nExecStop=/bin/true\n",
];

/// What stands in a service besides its command.
const SETTINGS: &[&str] = &[
    "Restart=yes\nRestart=on-failure",
    "Restart=\nRestartSec=\nType=",
    "Restart=always always",
    "Restart='always'",
    "Restart=\"always\"",
    "RestartSec=5Min\nRestartSec=5min\nRestartSec=5M\nRestartSec=5 m\nRestartSec=5,5",
    "RestartSec=5s 5\nRestartSec=1h30m20\nRestartSec=+5\nRestartSec=.5\nRestartSec=5.\nRestartSec=five",
    "TimeoutStopSec=infinity\nTimeoutStopSec=0\nTimeoutStopSec=-1\nTimeoutStopSec=∞",
    "PrivateTmp=yes\nPrivateTmp=Yes\nPrivateTmp=enabled\nPrivateTmp=2\nPrivateTmp=",
    "UMask=0007\nUMask=7\nUMask=0o7\nUMask=u=rwx\nUMask=00000007\nUMask=7777\nUMask=17777",
    "RuntimeDirectory=a b/c\nRuntimeDirectory=/run/a\nRuntimeDirectory=a /b c\nRuntimeDirectory=../a\nRuntimeDirectory=",
    "RuntimeDirectoryMode=0755\nRuntimeDirectoryMode=rwxr-xr-x\nRuntimeDirectoryMode=755",
    "User=www-data\nGroup=www-data\nSupplementaryGroups=a b",
    "User=a:b",
    "User=/a",
    "Group=-1",
    "User=\nGroup=",
    "WorkingDirectory=/srv/app",
    "WorkingDirectory=srv/app",
    "WorkingDirectory=\"/srv/app\"",
    "WorkingDirectory=/srv/../app",
    "WorkingDirectory=-srv",
    "WorkingDirectory=~",
    "WorkingDirectory=%Z",
    "RootDirectory=a",
    "RootDirectory=/a/..",
    "PIDFile=a.pid\nPIDFile=/run/a.pid",
    "PIDFile=../a.pid",
    "Environment=A=b C=d\nEnvironment=A=b c\nEnvironment=\"A=b c\"\nEnvironment=A=\"b c\"\nEnvironment='A'=b",
    "Environment=A=it's\nEnvironment=A-B=c\nEnvironment=A=%Z\nEnvironment=A=%%Z\nEnvironment=export A=b\nEnvironment=",
    "Environment=A=\\d\nEnvironment=A=\\\\d\nEnvironment=A=\\x41\nEnvironment=A=\\u00e9\nEnvironment=A=b\\",
    "Environment=A= B=\nEnvironment=A\nEnvironment==b\nEnvironment=1=2\nEnvironment=A B=c",
    "Environment=GUNICORN_CMD_ARGS=--bind 127.0.0.1:8001 --workers 3",
    "EnvironmentFile=a\nEnvironmentFile=-a\nEnvironmentFile=-/a\nEnvironmentFile=/a b\nEnvironmentFile=\"/a\"\nEnvironmentFile=",
    "PassEnvironment=A B\nPassEnvironment=A=b\nPassEnvironment=A-B\nUnsetEnvironment=A=b",
    "ReadWritePaths=/a /b\nReadWritePaths=-/a\nReadWritePaths=a /b\nReadWritePaths=/a,/b\nReadWritePaths=\"/a b\"\nReadWritePaths=\"/a",
    "LimitNOFILE=65535\nLimitNOFILE=1024:65535\nLimitNOFILE=65535:1024\nLimitNOFILE=1k\nLimitNOFILE=unlimited\nLimitNOFILE=-1",
    "LimitCORE=1G\nLimitCORE=1g\nLimitCORE=1G:2G\nLimitCORE=0\nLimitCPU=5min\nLimitCPU=5Min\nLimitAS=1.5G",
    "MemoryMax=512M\nMemoryMax=512m\nMemoryMax=512MB\nMemoryMax=50%\nMemoryMax=0\nMemoryMax=infinity\nMemoryMax=",
    "TasksMax=50%\nTasksMax=0\nTasksMax=infinity\nTasksMax=1K\nCPUQuota=50\nCPUQuota=150%\nCPUWeight=0\nCPUWeight=idle",
    "KillSignal=SIGQUIT\nKillSignal=QUIT\nKillSignal=3\nKillSignal=quit\nKillSignal=SIGFOO\nKillSignal=",
    "KillMode=mixed\nKillMode=Mixed\nKillMode=proces\nKillMode=",
    "SuccessExitStatus=143\nSuccessExitStatus=143 SIGTERM\nSuccessExitStatus=256\nSuccessExitStatus=term",
    "StandardOutput=journal\nStandardOutput=/var/log/a.log\nStandardOutput=file:/a\nStandardOutput=append:a\nStandardError=syslog",
    "ProtectSystem=strict\nProtectSystem=on\nProtectSystem=Strict\nProtectHome=read-only\nProtectHome=readonly\nProtectHome=",
    "NotifyAccess=all\nNotifyAccess=yes\nOOMPolicy=kill\nOOMPolicy=no\nExitType=cgroup\nTimeoutStopFailureMode=abort",
    "Sockets=a.socket b.socket\nSockets=a\nSockets=a.service\nSockets=",
    "DynamicUser=yes",
    "DynamicUser=maybe",
    "Nice=19\nNice=20\nNice=-20\nNice=-21\nNice=\nOOMScoreAdjust=-1000\nOOMScoreAdjust=-1001",
    "SyslogIdentifier=%n\nSyslogIdentifier=%Z\nSyslogIdentifier=a b",
];

/// What stands in a unit of any type.
const UNITS: &[&str] = &[
    "Description=%n %Z",
    "Description=100% sure",
    "Description=a\\\n[Service]\nExecStart=/bin/false",
    "After=network.target, redis.service",
    "After=network",
    "After=%Z.service",
    "After=%i.service",
    "Requires=a.socket b.socket\nWants=\nBindsTo=a@.service",
    "ConditionPathExists=a\nConditionPathExists=!/a\nConditionPathExists=|!/a\nConditionPathExists=! /a\nConditionPathExists=",
    "AssertPathExists=~/a\nAssertPathIsDirectory=/a/../b",
    "StartLimitBurst=5\nStartLimitBurst=-1\nStartLimitBurst=five\nStartLimitIntervalSec=5Min\nStartLimitIntervalSec=0",
    "DefaultDependencies=no\nDefaultDependencies=none\nRefuseManualStart=\nAllowIsolate=1",
    "OnFailure=a@%n.service\nOnFailure=%Z\nOnFailureJobMode=replace\nOnFailureJobMode=foo",
    "FailureAction=reboot\nFailureAction=restart\nCollectMode=inactive\nCollectMode=foo\nJobTimeoutAction=none",
    "Descripton=a\nafter=b\nRequire=c",
];

/// Sockets.
const SOCKETS: &[&str] = &[
    "ListenStream=8000\nListenStream=0\nListenStream=65536\nListenStream=-1",
    "ListenStream=127.0.0.1:8000\nListenStream=127.0.0.1\nListenStream=127.1:8000\nListenStream=0.0.0.0:0",
    "ListenStream=[::]:8000\nListenStream=:::8000\nListenStream=[::1]\nListenStream=*:8000\nListenStream=:8000",
    "ListenStream=localhost:8000\nListenStream=http://127.0.0.1:8000\nListenStream=tcp:8000",
    "ListenStream=/run/a.sock\nListenStream=run/a.sock\nListenStream=unix:/run/a.sock\nListenStream=@a\nListenStream=@",
    "ListenStream=\"/run/a.sock\"\nListenStream='8000'\nListenStream=/run/a b.sock\nListenStream=8000 8001",
    "ListenStream=/run/%p.sock\nListenStream=/run/%Z.sock\nListenStream=~/a.sock\nListenStream=$A",
    "ListenDatagram=8000\nListenDatagram=foo\nListenFIFO=/a\nListenFIFO=a\nListenSpecial=/dev/a",
    "SocketMode=0660\nSocketMode=660\nSocketMode=rw\nSocketMode=8\nDirectoryMode=0755\nDirectoryMode=o",
    "SocketUser=www-data\nSocketGroup=www-data",
    "SocketUser=a:b",
    "Accept=no\nAccept=false\nAccept=none\nAccept=",
    "Backlog=128\nBacklog=max\nBacklog=-1\nMaxConnections=64\nMaxConnections=1k",
    "BindIPv6Only=both\nBindIPv6Only=ipv6\nBindIPv6Only=yes\nNoDelay=1\nReusePort=on\nReusePort=maybe",
    "Service=a\nService=a.socket\nService=a@.service\nService=",
    "ListenSteam=8000\nUser=a\nWorkingDirectory=/\nRuntimeDirectory=/run/a\nUMask=9",
    "ReceiveBuffer=8M\nReceiveBuffer=8m\nSendBuffer=1G 5M\nKeepAliveTimeSec=5Min\nTriggerLimitBurst=x",
];

/// Timers and paths: what systemd says of what it has no words for here is left out.
const OTHERS: &[(&str, &str)] = &[
    ("timer", "[Timer]\nOnBootSec=5Min\nOnBootSec=5min\nUnit=a.service\nPersistent=maybe\nAccuracySec=1us\n"),
    ("timer", "[Timer]\nOnBootSec=5\nUnit=a.service\nRandomizedDelaySec=1M\nWakeSystem=2\nRestart=no\n"),
    ("timer", "[Timer]\nOnBootSec=5\nUnit=a.service\n[Service]\nRestart=foo\n"),
    ("path", "[Path]\nPathExists=/a\nPathExists=a\nUnit=a.service\nMakeDirectory=maybe\nDirectoryMode=9\n"),
    ("path", "[Path]\nPathChanged=/a\nPathModified=/a/../b\nUnit=a.service\nPathFoo=/a\n"),
    ("target", "[Unit]\nDescription=a\nFoo=b\n[Target]\nA=b\n[Install]\nWantedBy=a.target\n"),
    ("slice", "[Slice]\nMemoryMax=1G\nMemoryMax=1g\nCPUWeight=0\nTasksMax=5\nUser=a\nKillMode=mixed\n"),
];

#[test]
fn snippets_are_read_as_systemd_reads_them() {
    let Some(analyze) = real::systemd_analyze() else { return };
    let version = version(&analyze);
    let service = |text: String| Asked { kind: "service", text, instance: false };
    let whole = LINES.iter().chain(CONTINUED).map(|text| service((*text).into()));
    let commands = COMMANDS
        .iter()
        .map(|text| service(format!("[Service]\nType=oneshot\n{text}\nExecStart=/bin/true\n")));
    let settings = SETTINGS.iter().map(|text| service(format!("[Service]\nExecStart=/bin/true\n{text}\n")));
    let units = UNITS.iter().map(|text| service(format!("[Unit]\n{text}\n[Service]\nExecStart=/bin/true\n")));
    let sockets = SOCKETS.iter().map(|text| {
        let text = format!("[Socket]\n{text}\n[Socket]\nListenStream=1234\nAccept=no\nService=a.service\n");
        Asked { kind: "socket", text, instance: false }
    });
    let others = OTHERS.iter().map(|(kind, text)| Asked { kind, text: (*text).into(), instance: false });
    let all: Vec<Asked> =
        whole.chain(commands).chain(settings).chain(units).chain(sockets).chain(others).collect();
    let (theirs, ours) = (systemd_says(&analyze, &all), hoplint_says(&all, version));
    let mut wrong = Vec::new();
    for (unit, (their, our)) in all.iter().zip(theirs.iter().zip(&ours)) {
        let last = their.lines.last().copied().unwrap_or_default();
        // A refused unit is read no further.
        let our_lines: Vec<usize> =
            our.lines.iter().copied().filter(|line| !their.refused || *line <= last).collect();
        let their_lines: Vec<usize> = their.lines.iter().copied().collect();
        // Whether the whole can be started is another matter than its lines.
        let refused_otherwise = their.refused && their.lines.is_empty();
        if our_lines != their_lines || !refused_otherwise && our.refused != their.refused {
            wrong.push(format!("{:?}\n  hoplint: {our:?}\n  systemd: {their:?}", unit.text));
        }
    }
    let headless = [service(HEADLESS.into())];
    assert_eq!(systemd_says(&analyze, &headless)[0].lines.len(), 2);
    assert_eq!(hoplint_says(&headless, version)[0].lines.len(), 1);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert!(all.len() > 200, "{}", all.len());
}

#[test]
fn services_with_too_many_commands_or_none_are_refused() {
    let Some(analyze) = real::systemd_analyze() else { return };
    let asked = |text: &&str| Asked { kind: "service", text: (*text).into(), instance: false };
    let all: Vec<Asked> = COUNTS.iter().map(asked).collect();
    let (theirs, ours) = (systemd_says(&analyze, &all), hoplint_says(&all, version(&analyze)));
    let mut wrong = Vec::new();
    for (unit, (their, our)) in all.iter().zip(theirs.iter().zip(&ours)) {
        // A list that the only assignment empties is left to a drop-in that somebody makes.
        let is_open = unit.text == "[Service]\nExecStart=\n" && their.refused;
        if our.refused != (their.refused && !is_open) {
            wrong.push(format!("{:?}\n  hoplint: {our:?}\n  systemd: {their:?}", unit.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
