public import ArgumentParser
package import EventFilters
import EventModel

/// The filters of `tetra getevents`, by the same names. All that are given must match; of several
/// values of one filter any does.
public struct EventFilterOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .customLong("event-types")],
        help: ArgumentHelp(
            "Kinds of events: exec, exit, connect, …, or process, socket, file; process_exec and PROCESS_EXEC work too.",
            valueName: "kind,…"))
    var eventTypes: [String] = []

    @Option(
        name: [.customLong("process"), .customLong("processes")],
        help: ArgumentHelp("Binary of the process, as a regular expression.", valueName: "regex"))
    var process: [String] = []

    @Option(help: ArgumentHelp("Binary of an ancestor, as a regular expression.", valueName: "regex"))
    var ancestor: [String] = []

    @Option(help: ArgumentHelp("Process id.", valueName: "pid,…"))
    var pid: [String] = []

    @Option(
        name: [.customLong("pod"), .customLong("pods")],
        help: ArgumentHelp("Name of the pod, as a regular expression.", valueName: "regex"))
    var pod: [String] = []

    @Option(
        name: [.customShort("n"), .customLong("namespace"), .customLong("namespaces")],
        help: ArgumentHelp("Kubernetes namespace.", valueName: "name,…"))
    var namespace: [String] = []

    @Flag(help: "Events outside of pods.")
    var host = false

    @Option(
        name: [.customLong("container"), .customLong("containers")],
        help: ArgumentHelp("Name of the container, as a regular expression.", valueName: "regex"))
    var container: [String] = []

    @Option(help: ArgumentHelp("Start of the container's id.", valueName: "id,…"))
    var containerID: [String] = []

    @Option(help: ArgumentHelp("Name of the policy that made the event.", valueName: "name,…"))
    var policyNames: [String] = []

    @Option(help: ArgumentHelp("CEL expression over the event.", valueName: "expression"))
    var celExpression: [String] = []

    public init() {}

    public mutating func validate() throws {
        for word in eventTypes.flatMap(Self.words) where EventVerb.kinds(named: word).isEmpty {
            let known = EventKind.allCases.map { EventVerb.name(of: $0) }.joined(separator: ", ")
            throw ValidationError(
                "unknown kind of event \"\(word)\"; known are \(known), process, socket, file, stream")
        }
        for word in pid.flatMap(Self.words) where UInt32(word) == nil {
            throw ValidationError("\"\(word)\" is no process id")
        }
        do throws(FilterError) {
            _ = try filter.map(EventFilter.init)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// One filter with everything in it; nil where nothing was asked for.
    package var filter: FilterSpec? {
        var spec = FilterSpec()
        spec.eventSet = eventTypes.flatMap(Self.words).flatMap { EventVerb.kinds(named: $0) }.map(\.rawValue)
        spec.binaryRegex = process
        spec.ancestorBinaryRegex = ancestor
        spec.pid = pid.flatMap(Self.words).compactMap { UInt32($0) }
        spec.podRegex = pod
        // As in tetra: the empty namespace stands for the host.
        spec.namespace = namespace.flatMap(Self.words) + (host ? [""] : [])
        spec.containerNameRegex = container
        spec.containerID = containerID.flatMap(Self.words)
        spec.policyNames = policyNames.flatMap(Self.words)
        spec.celExpression = celExpression
        return spec == FilterSpec() ? nil : spec
    }

    /// Values may be repeated or separated by commas.
    static func words(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
    }
}

/// Which fields of an event are shown; paths as in `process.exec_id`.
public struct FieldOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("include-fields"), .customLong("fields")],
        help: ArgumentHelp("Only these fields.", valueName: "path,…"))
    var include: [String] = []

    @Option(
        name: [.customShort("F"), .customLong("exclude-fields")],
        help: ArgumentHelp("All but these fields.", valueName: "path,…"))
    var exclude: [String] = []

    public init() {}

    public mutating func validate() throws {
        do throws(FilterError) {
            _ = try FieldMask(filters)
        } catch {
            throw ValidationError(error.description)
        }
    }

    package var filters: [FieldFilterSpec] {
        var result: [FieldFilterSpec] = []
        for (paths, isInclusion) in [(include, true), (exclude, false)] {
            var spec = FieldFilterSpec()
            spec.fields = paths.flatMap(EventFilterOptions.words)
            spec.include = isInclusion
            if !spec.fields.isEmpty { result.append(spec) }
        }
        return result
    }
}
