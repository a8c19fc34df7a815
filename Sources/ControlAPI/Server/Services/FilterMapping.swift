import ControlProtos
import EventFilters
import GRPCCore
import SwiftProtobuf

// What a request says, as the values that the agent compiles. Nothing is judged here: regular
// expressions and selectors are checked by the filters themselves.

extension FilterSpec {
    init(_ filter: Tetragon_Filter) {
        self.init()
        binaryRegex = filter.binaryRegex
        namespace = filter.namespace
        healthCheck = filter.hasHealthCheck ? filter.healthCheck.value : nil
        pid = filter.pid
        pidSet = filter.pidSet
        eventSet = filter.eventSet.map { Int32(truncatingIfNeeded: $0.rawValue) }
        podRegex = filter.podRegex
        argumentsRegex = filter.argumentsRegex
        labels = filter.labels
        policyNames = filter.policyNames
        capabilities = filter.hasCapabilities ? CapabilitiesSpec(filter.capabilities) : nil
        parentBinaryRegex = filter.parentBinaryRegex
        celExpression = filter.celExpression
        parentArgumentsRegex = filter.parentArgumentsRegex
        containerID = filter.containerID
        inInitTree = filter.hasInInitTree ? filter.inInitTree.value : nil
        ancestorBinaryRegex = filter.ancestorBinaryRegex
        containerNameRegex = filter.containerNameRegex
        namespaceRegex = filter.namespaceRegex
        workloadRegex = filter.workloadRegex
        unitRegex = filter.unitRegex
    }

    /// The message that a client sends.
    var message: Tetragon_Filter {
        var filter = Tetragon_Filter()
        filter.binaryRegex = binaryRegex
        filter.namespace = namespace
        if let healthCheck { filter.healthCheck = Google_Protobuf_BoolValue(healthCheck) }
        filter.pid = pid
        filter.pidSet = pidSet
        filter.eventSet = eventSet.map(Tetragon_EventType.init(number:))
        filter.podRegex = podRegex
        filter.argumentsRegex = argumentsRegex
        filter.labels = labels
        filter.policyNames = policyNames
        if let capabilities { filter.capabilities = capabilities.message }
        filter.parentBinaryRegex = parentBinaryRegex
        filter.celExpression = celExpression
        filter.parentArgumentsRegex = parentArgumentsRegex
        filter.containerID = containerID
        if let inInitTree { filter.inInitTree = Google_Protobuf_BoolValue(inInitTree) }
        filter.ancestorBinaryRegex = ancestorBinaryRegex
        filter.containerNameRegex = containerNameRegex
        filter.namespaceRegex = namespaceRegex
        filter.workloadRegex = workloadRegex
        filter.unitRegex = unitRegex
        return filter
    }
}

extension CapabilitiesSpec {
    init(_ filter: Tetragon_CapFilter) {
        self.init()
        permitted = filter.hasPermitted ? SetSpec(filter.permitted) : nil
        effective = filter.hasEffective ? SetSpec(filter.effective) : nil
        inheritable = filter.hasInheritable ? SetSpec(filter.inheritable) : nil
    }

    var message: Tetragon_CapFilter {
        var filter = Tetragon_CapFilter()
        if let permitted { filter.permitted = permitted.message }
        if let effective { filter.effective = effective.message }
        if let inheritable { filter.inheritable = inheritable.message }
        return filter
    }
}

extension CapabilitiesSpec.SetSpec {
    /// An empty list is a condition that was not written: proto3 cannot tell the two apart.
    init(_ filter: Tetragon_CapFilterSet) {
        self.init()
        any = Self.mask(filter.any)
        all = Self.mask(filter.all)
        exactly = Self.mask(filter.exactly)
        none = Self.mask(filter.none)
    }

    var message: Tetragon_CapFilterSet {
        var filter = Tetragon_CapFilterSet()
        filter.any = Self.list(any)
        filter.all = Self.list(all)
        filter.exactly = Self.list(exactly)
        filter.none = Self.list(none)
        return filter
    }

    private static func mask(_ list: [Tetragon_CapabilitiesType]) -> UInt64? {
        if list.isEmpty { return nil }
        return list.reduce(0) { $0 | UInt64(1) << UInt64(clamping: $1.rawValue) }
    }

    private static func list(_ mask: UInt64?) -> [Tetragon_CapabilitiesType] {
        guard let mask else { return [] }
        return (0..<64).filter { mask >> UInt64($0) & 1 == 1 }.map {
            Tetragon_CapabilitiesType(rawValue: $0) ?? .UNRECOGNIZED($0)
        }
    }
}

extension FieldFilterSpec {
    init(_ filter: Tetragon_FieldFilter) {
        self.init()
        eventSet = filter.eventSet.map { Int32(truncatingIfNeeded: $0.rawValue) }
        invertEventSet = filter.invertEventSet.value
        fields = filter.fields.paths
        include = filter.action != .exclude
    }

    var message: Tetragon_FieldFilter {
        var filter = Tetragon_FieldFilter()
        filter.eventSet = eventSet.map(Tetragon_EventType.init(number:))
        if invertEventSet { filter.invertEventSet = Google_Protobuf_BoolValue(true) }
        filter.fields = Google_Protobuf_FieldMask(protoPaths: fields)
        filter.action = include ? .include : .exclude
        return filter
    }
}

extension AggregationSpec {
    /// - Throws: `RPCError` for a window that is none.
    init(_ options: Tetragon_AggregationOptions) throws {
        var window: Int64?
        if options.hasWindowSize {
            let (whole, overflow) = options.windowSize.seconds.multipliedReportingOverflow(by: 1_000_000_000)
            window =
                overflow ? .max : whole.addingReportingOverflow(Int64(options.windowSize.nanos)).partialValue
        }
        do throws(FilterError) {
            try self.init(window: window, capacity: options.channelBufferSize)
        } catch {
            throw RPCError(code: .invalidArgument, message: error.description)
        }
    }
}

extension Tetragon_EventType {
    /// Numbers of secd's own kinds have no case in Tetragon's enumeration and travel all the same.
    fileprivate init(number: Int32) {
        self = Tetragon_EventType(rawValue: Int(number)) ?? .UNRECOGNIZED(Int(number))
    }
}
