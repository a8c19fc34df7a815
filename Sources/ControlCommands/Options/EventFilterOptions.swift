public import ArgumentParser
package import EventFilters
import EventModel

/// The filters of `tetra getevents`, by the same names. All that are given must match; of several
/// values of one filter any does.
public struct EventFilterOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .customLong("event-types")],
        help: ArgumentHelp(
            "Kinds of events: exec, exit, connect, …, or process, sockets, file; process_exec and PROCESS_EXEC work too.",
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
        help: ArgumentHelp(
            "Name of the pod, as a regular expression; namespace/name works too, and the name of a container outside of pods.",
            valueName: "regex"))
    var pod: [String] = []

    @Option(
        name: [.customShort("n"), .customLong("namespace"), .customLong("namespaces")],
        help: ArgumentHelp("Kubernetes namespace.", valueName: "name,…"))
    var namespace: [String] = []

    @Option(help: ArgumentHelp("Kubernetes namespace, as a regular expression.", valueName: "regex"))
    var namespaceRegex: [String] = []

    @Flag(help: "Events outside of pods.")
    var host = false

    @Option(
        name: [.customLong("container"), .customLong("containers")],
        help: ArgumentHelp("Name of the container, as a regular expression.", valueName: "regex"))
    var container: [String] = []

    @Option(
        name: .customLong("labels"),
        help: ArgumentHelp(
            "Labels of the pod, or of the container: app=web,tier!=cache,env in (prod,test).",
            valueName: "selector"))
    var labels: [String] = []

    @Option(
        help: ArgumentHelp(
            "Name of the container, unit or machine, as a regular expression; unit/nginx works too.",
            valueName: "regex"))
    var workload: [String] = []

    @Option(help: ArgumentHelp("Unit of systemd, as a regular expression.", valueName: "regex"))
    var unit: [String] = []

    @Option(help: ArgumentHelp("Start of the container's id.", valueName: "id,…"))
    var containerID: [String] = []

    @Option(help: ArgumentHelp("Name of the policy that made the event.", valueName: "name,…"))
    var policyNames: [String] = []

    @Option(help: ArgumentHelp("CEL expression over the event.", valueName: "expression"))
    var celExpression: [String] = []

    public init() {}

    public mutating func validate() throws {
        for word in eventTypes.flatMap(Self.words) where EventVerb.numbers(named: word).isEmpty {
            let ours = EventKind.allCases.map { EventVerb.name(of: $0) }.joined(separator: ", ")
            let others = EventType.foreign.map(EventVerb.name(of:)).joined(separator: ", ")
            throw ValidationError(
                "unknown kind of event \"\(word)\"; known are \(ours), the families process, sockets, file, "
                    + "policy, stream, and of Tetragon's logs \(others)")
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
        spec.eventSet = eventTypes.flatMap(Self.words).flatMap { EventVerb.numbers(named: $0) }
        spec.binaryRegex = process.flatMap(Self.patterns)
        spec.ancestorBinaryRegex = ancestor.flatMap(Self.patterns)
        spec.pid = pid.flatMap(Self.words).compactMap { UInt32($0) }
        spec.podRegex = pod.flatMap(Self.patterns)
        // As in tetra: the empty namespace stands for the host.
        spec.namespace = namespace.flatMap(Self.words) + (host ? [""] : [])
        spec.namespaceRegex = namespaceRegex.flatMap(Self.patterns)
        spec.containerNameRegex = container.flatMap(Self.patterns)
        spec.labels = labels
        spec.workloadRegex = workload.flatMap(Self.patterns)
        spec.unitRegex = unit.flatMap(Self.patterns)
        spec.containerID = containerID.flatMap(Self.words).map(Self.startOfID)
        spec.policyNames = policyNames.flatMap(Self.words)
        spec.celExpression = celExpression
        return spec == FilterSpec() ? nil : spec
    }

    /// Values may be repeated or separated by commas.
    static func words(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
    }

    /// Regular expressions between commas, as tetra takes them; a comma in brackets (`a{1,2}`) or behind
    /// a backslash belongs to its expression.
    static func patterns(_ text: String) -> [String] {
        var result: [String] = [""]
        var depth = 0
        var isEscaped = false
        for character in text {
            if character == ",", depth == 0, !isEscaped {
                result.append("")
                continue
            }
            if !isEscaped {
                if "([{".contains(character) { depth += 1 }
                if ")]}".contains(character) { depth = max(0, depth - 1) }
            }
            isEscaped = character == "\\" && !isEscaped
            result[result.count - 1].append(character)
        }
        let patterns = result.filter { !$0.isEmpty }
        return patterns.isEmpty ? [text] : patterns
    }

    /// Events carry the start of an id: a whole one, as `docker ps --no-trunc` shows it, must match.
    private static func startOfID(_ text: String) -> String {
        guard text.utf8.count > ContainerID.exportedLength, text.allSatisfy(\.isHexDigit) else { return text }
        return String(text.prefix(ContainerID.exportedLength))
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
