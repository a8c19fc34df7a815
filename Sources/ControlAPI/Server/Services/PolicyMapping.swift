import AgentModel
import ControlProtos
import GRPCCore
import SwiftProtobuf

/// Policies in the words of Tetragon's messages.
extension Tetragon_TracingPolicyStatus {
    init(_ status: PolicyStatus) {
        self.init()
        id = status.id
        name = status.name
        namespace = status.namespace
        info = status.source
        // One a hook: what it is attached to.
        sensors = status.hooks.map { $0.mechanism.isEmpty ? $0.point : $0.mechanism }
        enabled = status.state == .enabled || status.state == .partiallyEnabled
        error = status.error
        state = Tetragon_TracingPolicyState(status.state)
        kernelMemoryBytes = status.kernelBytes
        mode = Tetragon_TracingPolicyMode(status.mode)
        stats = Tetragon_TracingPolicyStats(status)
        domain = status.domain
        hookStatuses = status.hooks.map { Tetragon_HookStatus($0) }
    }
}

extension Tetragon_TracingPolicyState {
    fileprivate init(_ state: PolicyState) {
        self =
            switch state {
            case .enabled: .tpStateEnabled
            case .disabled: .tpStateDisabled
            case .loadError: .tpStateLoadError
            case .error: .tpStateError
            case .loading: .tpStateLoading
            case .unloading: .tpStateUnloading
            case .skipped: .tpStateSkipped
            case .partiallyEnabled: .tpStatePartiallyEnabled
            }
    }
}

extension Tetragon_TracingPolicyMode {
    fileprivate init(_ mode: PolicyRunMode) {
        self =
            switch mode {
            case .enforce: .tpModeEnforce
            case .monitor: .tpModeMonitor
            case .monitorOnly: .tpModeMonitorOnly
            }
    }
}

extension PolicyRunMode {
    /// Nil for `UNKNOWN` and numbers that nobody knows.
    init?(_ mode: Tetragon_TracingPolicyMode) {
        switch mode {
        case .tpModeEnforce: self = .enforce
        case .tpModeMonitor: self = .monitor
        case .tpModeMonitorOnly: self = .monitorOnly
        case .tpModeUnknown, .UNRECOGNIZED: return nil
        }
    }
}

extension Tetragon_HookStatus {
    fileprivate init(_ hook: PolicyHookStatus) {
        self.init()
        section = hook.section
        hookIdx = UInt32(clamping: hook.index)
        // What has been skipped is attached to nothing.
        hookDescription =
            hook.mechanism.isEmpty ? hook.point : "\(hook.point) by \(hook.mechanism): \(hook.effect)"
        state =
            switch hook.state {
            case "loaded": .statusLoaded
            case "digest_rejected": .statusDigestRejected
            case "call_not_found": .statusCallNotFound
            default: .statusUnspecified
            }
    }
}

extension Tetragon_TracingPolicyStats {
    fileprivate init(_ status: PolicyStatus) {
        self.init()
        actionCounters = Tetragon_TracingPolicyActionCounters(status.counters)
        selectorActionCounters = status.selectors.map { selector in
            var counters = Tetragon_TracingPolicySelectorActionCounters()
            counters.hook = selector.hook
            counters.hookIndex = .init(UInt32(clamping: selector.hookIndex))
            counters.selectorIndex = .init(UInt32(clamping: selector.selectorIndex))
            counters.selectorLabel = selector.label
            counters.actionCounters = Tetragon_TracingPolicyActionCounters(selector.counters)
            return counters
        }
    }
}

extension Tetragon_TracingPolicyActionCounters {
    fileprivate init(_ counters: PolicyCounters) {
        self.init()
        post = counters.post
        signal = counters.signal
        monitorSignal = counters.monitorSignal
        override = counters.override
        monitorOverride = counters.monitorOverride
        notifyEnforcer = counters.notifyEnforcer
        monitorNotifyEnforcer = counters.monitorNotifyEnforcer
        set = counters.set
        monitorSet = counters.monitorSet
        nopost = counters.noPost
    }
}

extension RPCError {
    /// Bytes of a message: it travels in a header, percent-encoded, and clients bound those at 16 KiB.
    private static let messageLimit = 4096

    /// A change that was not made.
    init(_ error: PolicyChangeError) {
        let code: RPCError.Code =
            switch error.kind {
            case .invalid: .invalidArgument
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            // Not UNAVAILABLE: clients take that for a lost connection and try again.
            case .refused, .unavailable: .failedPrecondition
            }
        var message = error.description
        if message.utf8.count > Self.messageLimit {
            message = String(decoding: message.utf8.prefix(Self.messageLimit), as: UTF8.self) + "…"
        }
        self.init(code: code, message: message)
    }
}
