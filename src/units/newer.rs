//! Directives of releases after 257, by their release notes: they are no mistakes, and nothing else is known of them.

use super::kind::Kind;
use super::row::{EXEC, Row, SERVICE, SLICE, SOCKET, TIMER, UNIT, row};

pub(super) static ROWS: &[Row] = &[
    row("AcceptFileDescriptors", SOCKET, Kind::Rest).newer(),
    row("AssertKernelModuleLoaded", UNIT, Kind::Rest).newer(),
    row("AssertVersion", UNIT, Kind::Rest).newer(),
    row("BPFDelegateAttachments", EXEC, Kind::Rest).newer(),
    row("BPFDelegateCommands", EXEC, Kind::Rest).newer(),
    row("BPFDelegateMaps", EXEC, Kind::Rest).newer(),
    row("BPFDelegatePrograms", EXEC, Kind::Rest).newer(),
    row("ConcurrencyHardMax", SLICE, Kind::Rest).newer(),
    row("ConcurrencySoftMax", SLICE, Kind::Rest).newer(),
    row("ConditionKernelModuleLoaded", UNIT, Kind::Rest).newer(),
    row("ConditionVersion", UNIT, Kind::Rest).newer(),
    row("DeferTrigger", SOCKET, Kind::Rest).newer(),
    row("DeferTriggerMaxSec", SOCKET, Kind::Rest).newer(),
    row("DelegateNamespaces", EXEC, Kind::Rest).newer(),
    row("ExecReloadPost", SERVICE, Kind::Rest).newer(),
    row("PassPIDFD", SOCKET, Kind::Rest).newer(),
    row("PrivateBPF", EXEC, Kind::Rest).newer(),
    row("RandomizedOffsetSec", TIMER, Kind::Rest).newer(),
    row("UserNamespacePath", EXEC, Kind::Rest).newer(),
];
