internal import PolicyModel
internal import YAMLReader

/// Filters on the process that makes the call.
struct ProcessConditions {
    let check: PolicyCheck
    let spec: SelectorSpec
    let path: String

    init(_ check: PolicyCheck, _ spec: SelectorSpec, _ path: String) {
        self.check = check
        self.spec = spec
        self.path = path
    }

    private var problems: Problems { check.problems }

    func all() -> [Condition] {
        var found: [Condition] = []
        found += spec.pids.enumerated().compactMap { pid($1, "matchPIDs[\($0)]") }
        found += spec.binaries.enumerated().compactMap { index, filter in
            binary(
                filter, "matchBinaries[\(index)]",
                filter.followChildren ? .lineage(.binary, includesSelf: true) : .binary)
        }
        found += spec.parentBinaries.enumerated().compactMap { index, filter in
            binary(
                filter, "matchParentBinaries[\(index)]",
                filter.followChildren ? .lineage(.binary, includesSelf: false) : .parentBinary)
        }
        found += spec.ancestorBinaries.enumerated().compactMap { index, filter in
            binary(filter, "matchAncestorBinaries[\(index)]", .lineage(.binary, includesSelf: false))
        }
        found += spec.commandArguments.enumerated().compactMap { commandArgument($1, "matchCmdArgs[\($0)]") }
        found += spec.namespaces.enumerated().compactMap { namespace($1, "matchNamespaces[\($0)]") }
        found += spec.namespaceChanges.enumerated().compactMap {
            namespaceChange($1, "matchNamespaceChanges[\($0)]")
        }
        found += spec.capabilities.enumerated().compactMap { index, filter in
            capability(
                filter, "matchCapabilities[\(index)]",
                .capabilities(filter.set, onlyInitial: !filter.isNamespaceCapability))
        }
        found += spec.capabilityChanges.enumerated().compactMap { index, filter in
            capability(
                filter, "matchCapabilityChanges[\(index)]",
                .capabilityChanges(filter.set, onlyInitial: !filter.isNamespaceCapability))
        }
        if let workloads = spec.workloads {
            let test = PolicyCheck.workloadTest(
                namespace: nil, workloads.podSelector, workloads.containerSelector, workloads.hostSelector)
            found.append(
                Condition(
                    subject: .process(.workload), test: .workload(test), isNegated: false,
                    field: "matchWorkloads",
                    place: workloads.place))
        }
        return found
    }

    private func pid(_ filter: PIDFilterSpec, _ field: String) -> Condition? {
        var ranges: [NumberRange] = []
        for (index, value) in check.lists.expand(filter.values, "\(path).\(field).values").enumerated() {
            guard let number = NumberSyntax.unsigned(value.value), number <= UInt64(UInt32.max) else {
                problems.error(
                    "\(path).\(field).values[\(index)]", "\"\(value.value)\" is no process id",
                    at: value.place)
                continue
            }
            ranges.append(NumberRange(low: number, high: number))
        }
        let fact: ProcessFact =
            filter.followForks
            ? .lineage(.pid(inNamespace: filter.isNamespacePID), includesSelf: true)
            : .pid(inNamespace: filter.isNamespacePID)
        return Condition(
            subject: .process(fact), test: .numbers(NumberRange.union(ranges)),
            isNegated: filter.operation.value.isNegative, field: field, place: filter.place)
    }

    private func binary(_ filter: BinaryFilterSpec, _ field: String, _ fact: ProcessFact) -> Condition? {
        let operation = filter.operation.value
        let values = check.lists.expand(filter.values, "\(path).\(field).values")
        let bytes = values.map { Array($0.value.utf8) }
        let test: ValueTest
        switch operation {
        case .isIn, .notIn, .equal, .notEqual:
            test = .equal(bytes + files(values))
            for (index, value) in values.enumerated() where !value.value.hasPrefix("/") {
                problems.warning(
                    "\(path).\(field).values[\(index)]",
                    "binaries are compared by their absolute path; \"\(value.value)\" is none",
                    at: value.place,
                    hint: "Postfix compares the end")
            }
        case .prefix, .notPrefix: test = .prefix(bytes)
        case .postfix, .notPostfix: test = .postfix(bytes)
        default:
            problems.error(
                "\(path).\(field).operator", "\(operation.rawValue) cannot be used with binaries",
                at: filter.operation.place, hint: "use In, NotIn, Prefix, NotPrefix, Postfix or NotPostfix")
            return nil
        }
        if filter.followChildren, operation != .isIn, operation != .notIn {
            problems.error(
                "\(path).\(field).followChildren", "is possible with In and NotIn only",
                at: filter.operation.place)
        }
        TextValues.checkLength(values, capacity: Column.textCapacity, "\(path).\(field).values", problems)
        return Condition(
            subject: .process(fact), test: test, isNegated: operation.isNegative, field: field,
            place: filter.place)
    }

    /// Files that names lead to and that have another path: the kernel knows a program by its file, not by
    /// the link that it was started through.
    private func files(_ values: [Located<String>]) -> [[UInt8]] {
        guard let programs = check.settings.programs else { return [] }
        let names = Set(values.map(\.value))
        var files: Set<String> = []
        for name in names where name.hasPrefix("/") {
            if let file = programs.resolved(name), !names.contains(file) { files.insert(file) }
        }
        return files.sorted().map { Array($0.utf8) }
    }

    private func commandArgument(_ filter: ArgumentFilterSpec, _ field: String) -> Condition? {
        guard let index = filter.index else {
            problems.error("\(path).\(field)", "\"index\" is missing", at: filter.place)
            return nil
        }
        guard index.value < ProcessFact.commandArguments else {
            problems.error(
                "\(path).\(field).index",
                "the first \(ProcessFact.commandArguments) arguments of a program can be compared, from 0 on",
                at: index.place)
            return nil
        }
        let values = check.lists.expand(filter.values, "\(path).\(field).values")
        TextValues.checkLength(values, capacity: Column.textCapacity, "\(path).\(field).values", problems)
        guard let test = TextValues.test(filter.operation.value, values) else {
            problems.error(
                "\(path).\(field).operator", "\(filter.operation.value.rawValue) cannot be used with text",
                at: filter.operation.place, hint: "use Equal, Prefix, Postfix, their opposites, or SubString")
            return nil
        }
        return Condition(
            subject: .process(.commandArgument(index.value)), test: test,
            isNegated: filter.operation.value.isNegative, field: field, place: filter.place)
    }

    private func namespace(_ filter: NamespaceFilterSpec, _ field: String) -> Condition? {
        var ranges: [NumberRange] = []
        let host = check.settings.hostNamespaces[filter.namespace.value]
        for (index, value) in check.lists.expand(filter.values, "\(path).\(field).values").enumerated() {
            if value.value == "host_ns" || value.value == "host" {
                ranges.append(NumberRange(low: 0, high: 0))
                continue
            }
            guard let number = NumberSyntax.unsigned(value.value), number > 0, number <= UInt64(UInt32.max)
            else {
                problems.error(
                    "\(path).\(field).values[\(index)]", "\"\(value.value)\" is no namespace",
                    at: value.place,
                    hint: "an inode number (readlink /proc/PID/ns/…) or host_ns")
                continue
            }
            let known = number == host ? 0 : number
            ranges.append(NumberRange(low: known, high: known))
        }
        return Condition(
            subject: .process(.namespace(filter.namespace.value)), test: .numbers(NumberRange.union(ranges)),
            isNegated: filter.operation.value.isNegative, field: field, place: filter.place)
    }

    private func namespaceChange(_ filter: SetFilterSpec, _ field: String) -> Condition? {
        var mask: UInt64 = 0
        let names = NamespaceKind.allCases.map(\.rawValue)
        for (index, value) in check.lists.expand(filter.values, "\(path).\(field).values").enumerated() {
            guard let kind = NamespaceKind(rawValue: value.value) else {
                problems.error(
                    "\(path).\(field).values[\(index)]", "unknown namespace \"\(value.value)\"",
                    at: value.place,
                    hint: Spelling.suggestion(for: value.value, among: names)
                        ?? "one of: " + names.joined(separator: ", "))
                continue
            }
            mask |= 1 << kind.bit
        }
        return Condition(
            subject: .process(.namespaceChanges), test: .anyBit(mask),
            isNegated: filter.operation.value.isNegative,
            field: field, place: filter.place)
    }

    private func capability(_ filter: CapabilityFilterSpec, _ field: String, _ fact: ProcessFact)
        -> Condition?
    {
        var mask: UInt64 = 0
        for (index, value) in check.lists.expand(filter.values, "\(path).\(field).values").enumerated() {
            guard let number = CapabilityValues.number(value.value) else {
                CapabilityValues.report(value, "\(path).\(field).values[\(index)]", problems)
                continue
            }
            mask |= 1 << number
        }
        return Condition(
            subject: .process(fact), test: .anyBit(mask), isNegated: filter.operation.value.isNegative,
            field: field,
            place: filter.place)
    }
}
