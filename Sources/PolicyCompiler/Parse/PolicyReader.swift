public import PolicyModel
public import YAMLReader

/// YAML streams → specs. Everything that is wrong is noted at once.
public enum PolicyReader {
    /// Bounds of a file of policies. A policy with 5,000 paths has 10,000 values.
    public static let limits = YAMLLimits(bytes: 8 << 20, depth: 48, nodes: 500_000)

    static let apiVersions = ["cilium.io/v1alpha1"]
    static let apiGroup = "cilium.io"

    /// The policies of a stream, also those in lists. Objects of other kinds are skipped with a word.
    /// - Parameter amongOthers: somebody else reads the objects that are no policies, and says what is wrong with
    ///   them: no word about them.
    public static func policies(
        _ collector: DiagnosticCollector, amongOthers: Bool = false
    ) -> [PolicySpec] {
        guard let documents = YAMLReader.documents(collector, limits: limits) else { return [] }
        var found: [PolicySpec] = []
        var others = 0
        for document in documents where !document.isNull {
            for object in objects(NodeCursor(document, collector)) {
                if amongOthers, !claimsToBePolicy(object.node) { continue }
                switch policy(object) {
                case .policy(let spec): found.append(spec)
                case .broken: others += 1
                case .other: others += 1
                }
            }
        }
        if found.isEmpty, others == 0, !amongOthers {
            collector.report(
                "there is no policy in this file", at: YAMLNode.Range(SourcePlace(line: 1, column: 1)),
                hint: "a policy begins with apiVersion: cilium.io/v1alpha1 and kind: TracingPolicy")
        }
        return found
    }

    /// A document, or what is in it where it is a list, as `kubectl get -o yaml` writes them.
    private static func objects(_ document: NodeCursor) -> [NodeCursor] {
        guard text("kind", of: document.node) == "List", text("apiVersion", of: document.node) == "v1" else {
            return [document]
        }
        // Paths are those in the policy: reports of hooks have them, too.
        return (document.optional("items")?.each() ?? []).map { NodeCursor($0.node, document.collector) }
    }

    private static func claimsToBePolicy(_ node: YAMLNode) -> Bool {
        let group = text("apiVersion", of: node)?.split(separator: "/").first.map(String.init)
        return group == apiGroup && PolicySpec.Kind(rawValue: text("kind", of: node) ?? "") != nil
    }

    /// A text of a mapping; nil where it is anything else.
    private static func text(_ key: String, of node: YAMLNode) -> String? {
        guard case .mapping(let pairs) = node.content,
            case .scalar(let text, _)? = pairs.first(where: { $0.key == key })?.value.content
        else { return nil }
        return text
    }

    private enum Outcome {
        case policy(PolicySpec)
        case broken
        case other
    }

    private static func policy(_ document: NodeCursor) -> Outcome {
        guard case .mapping = document.node.content else {
            document.report("expected a policy, found \(document.node.summary)")
            return .broken
        }
        guard let version = document.required("apiVersion")?.locatedString(),
            let kindCursor = document.required("kind"), let kindName = kindCursor.string()
        else { return .broken }
        guard version.value.split(separator: "/").first.map(String.init) == apiGroup else {
            kindCursor.report(
                "\(kindName) of \(version.value) is no policy and is skipped", severity: .warning)
            return .other
        }
        guard let kind = PolicySpec.Kind(rawValue: kindName) else {
            let names = PolicySpec.Kind.allCases.map(\.rawValue)
            if otherKinds.contains(kindName) {
                kindCursor.report("\(kindName) is no tracing policy and is skipped", severity: .warning)
                return .other
            }
            kindCursor.report(
                "unknown kind \"\(kindName)\"",
                hint: Spelling.suggestion(for: kindName, among: names) ?? "one of: "
                    + names.joined(separator: ", "))
            return .broken
        }
        if !apiVersions.contains(version.value) {
            document.optional("apiVersion")?.report(
                "unknown version \"\(version.value)\"", hint: "write \(apiVersions[0])")
        }
        document.rejectUnknownKeys(known: ["apiVersion", "kind", "metadata", "spec", "status"])
        guard let metadata = document.required("metadata") else { return .broken }
        let name = policyName(metadata)
        var spec = PolicySpec(
            file: document.collector.source.file, place: document.place,
            kind: Located(kind, at: kindCursor.place),
            name: name ?? Located("", at: metadata.place))
        readMetadata(metadata, into: &spec)
        guard let body = document.required("spec") else { return .broken }
        SpecReader.read(body, into: &spec)
        return .policy(spec)
    }

    /// Kinds of the same group that other parts of the suite and its peers use.
    private static let otherKinds: Set<String> = [
        "PodInfo", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumEndpoint", "CiliumNode",
        "CiliumCIDRGroup", "CiliumLocalRedirectPolicy", "CiliumEgressGatewayPolicy", "CiliumEnvoyConfig",
        "CiliumClusterwideEnvoyConfig", "CiliumIdentity", "CiliumLoadBalancerIPPool",
        "CiliumL2AnnouncementPolicy",
    ]

    private static func policyName(_ metadata: NodeCursor) -> Located<String>? {
        guard let name = metadata.required("name")?.locatedString() else { return nil }
        let text = name.value
        let letters = text.utf8
        let isPlain = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let allowed = letters.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        guard let first = letters.first, let last = letters.last, allowed, isPlain(first), isPlain(last),
            letters.count <= 253
        else {
            metadata.optional("name")?.report(
                "\"\(text.prefix(80))\" is no name of an object",
                hint: "lower-case letters, digits, - and . ; at most 253; a letter or digit first and last")
            return name
        }
        return name
    }

    private static func readMetadata(_ metadata: NodeCursor, into spec: inout PolicySpec) {
        if let namespace = metadata.text("namespace") {
            if spec.kind.value == .cluster {
                metadata.optional("namespace")?.report(
                    "a TracingPolicy belongs to no namespace", severity: .warning,
                    hint: "kind: TracingPolicyNamespaced is for the pods of one namespace")
            } else {
                spec.namespace = namespace
            }
        }
        spec.labels = textMap(metadata.optional("labels"))
        spec.annotations = textMap(metadata.optional("annotations"))
    }

    private static func textMap(_ cursor: NodeCursor?) -> [String: String] {
        guard let cursor else { return [:] }
        var result: [String: String] = [:]
        for pair in cursor.pairs() {
            let value = cursor.child(pair)
            if value.node.isNull {
                result[pair.key] = ""
            } else if let text = value.string() {
                result[pair.key] = text
            }
        }
        return result
    }
}
