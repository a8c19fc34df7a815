extension FilterCondition {
    /// Every value costs every event.
    static let mostValues = 1_000

    /// The conditions of a filter, cheap ones first.
    static func list(of spec: FilterSpec) throws(FilterError) -> [FilterCondition] {
        var list: [FilterCondition] = []
        if try given(spec.eventSet, "event_set") { list.append(.kinds(Set(spec.eventSet))) }
        if try given(spec.pid, "pid") { list.append(.pids(Set(spec.pid))) }
        if let wanted = spec.inInitTree { list.append(.inInitTree(wanted)) }
        if let wanted = spec.healthCheck { list.append(.healthCheck(wanted)) }
        if try given(spec.namespace, "namespace") { list.append(.namespaces(spec.namespace)) }
        if try given(spec.policyNames, "policy_names") { list.append(.policies(Set(spec.policyNames))) }
        if let capabilities = spec.capabilities { list.append(.capabilities(try checked(capabilities))) }
        try add(.binary, spec.binaryRegex, "binary_regex", to: &list)
        try add(.arguments, spec.argumentsRegex, "arguments_regex", to: &list)
        try add(.podName, spec.podRegex, "pod_regex", to: &list)
        try add(.podNamespace, spec.namespaceRegex, "namespace_regex", to: &list)
        try add(.containerID, spec.containerID, "container_id", to: &list)
        try add(.containerName, spec.containerNameRegex, "container_name_regex", to: &list)
        try add(.workload, spec.workloadRegex, "workload_regex", to: &list)
        try add(.unit, spec.unitRegex, "unit_regex", to: &list)
        if try given(spec.labels, "labels") {
            var selectors: [LabelSelector] = []
            for text in spec.labels { selectors.append(try LabelSelector(text)) }
            list.append(.labels(selectors))
        }
        if try given(spec.parentBinaryRegex, "parent_binary_regex") {
            list.append(
                .parent(try ProcessPatterns(.binary, spec.parentBinaryRegex, field: "parent_binary_regex")))
        }
        if try given(spec.parentArgumentsRegex, "parent_arguments_regex") {
            list.append(
                .parent(
                    try ProcessPatterns(
                        .arguments, spec.parentArgumentsRegex, field: "parent_arguments_regex")))
        }
        if try given(spec.pidSet, "pid_set") { list.append(.pidTree(Set(spec.pidSet))) }
        if try given(spec.ancestorBinaryRegex, "ancestor_binary_regex") {
            list.append(
                .ancestors(
                    try ProcessPatterns(.binary, spec.ancestorBinaryRegex, field: "ancestor_binary_regex")))
        }
        if try given(spec.celExpression, "cel_expression") {
            var programs: [CELProgram] = []
            for text in spec.celExpression { programs.append(try CELProgram(text)) }
            list.append(.expressions(programs))
        }
        return list
    }

    private static func add(
        _ text: ProcessPatterns.Text, _ patterns: [String], _ field: String, to list: inout [FilterCondition]
    ) throws(FilterError) {
        guard try given(patterns, field) else { return }
        list.append(.process(try ProcessPatterns(text, patterns, field: field)))
    }

    private static func given(_ values: [some Sendable], _ field: String) throws(FilterError) -> Bool {
        guard values.count <= mostValues else {
            throw FilterError(field: field, text: "", reason: "more than \(mostValues) values")
        }
        return !values.isEmpty
    }

    private static func checked(_ spec: CapabilitiesSpec) throws(FilterError) -> CapabilitiesSpec {
        try check(spec.permitted, "permitted")
        try check(spec.effective, "effective")
        try check(spec.inheritable, "inheritable")
        return spec
    }

    private static func check(_ set: CapabilitiesSpec.SetSpec?, _ name: String) throws(FilterError) {
        guard let set else { return }
        let defined = [set.any, set.all, set.exactly, set.none].count { $0 != nil }
        guard defined == 1 else {
            throw FilterError(
                field: "capabilities", text: name,
                reason: "exactly one of any, all, exactly and none must be given, not \(defined)")
        }
    }
}
