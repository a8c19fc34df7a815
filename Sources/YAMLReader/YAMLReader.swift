/// Bounds on documents from strangers. Each protects against one attack.
public struct YAMLLimits: Sendable {
    /// Bytes of the text.
    public var bytes: Int
    /// Nesting: a deep document would exhaust the stack of whoever walks it.
    public var depth: Int
    /// Nodes after the expansion of aliases: nine lines can stand for a billion nodes
    /// ("billion laughs").
    public var nodes: Int

    public init(bytes: Int = 1 << 20, depth: Int = 64, nodes: Int = 100_000) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
    }
}

/// Reads YAML into trees of positioned nodes.
public enum YAMLReader {
    /// The documents of a text, in order; nil where it is not YAML or beyond the limits. What is wrong
    /// is in `collector`; duplicate keys are errors there, too, but do not stop the reading.
    public static func documents(
        _ collector: DiagnosticCollector, limits: YAMLLimits = YAMLLimits()
    ) -> [YAMLNode]? {
        let source = collector.source
        let top = YAMLNode.Range(start: SourcePosition(line: 1, column: 1), length: 1)
        guard source.bytes.count <= limits.bytes else {
            collector.report(
                "the file has \(source.bytes.count) bytes; at most \(limits.bytes) are read", at: top)
            return nil
        }
        do throws(YAMLEventStream.SyntaxError) {
            var builder = TreeBuilder(
                events: try YAMLEventStream(source), collector: collector, limits: limits)
            return try builder.documents()
        } catch {
            collector.report(error.message, at: YAMLNode.Range(start: error.position, length: 1))
            return nil
        }
    }
}

/// Events → trees, by recursive descent.
private struct TreeBuilder: ~Copyable {
    typealias Failure = YAMLEventStream.SyntaxError

    private var events: YAMLEventStream
    private let collector: DiagnosticCollector
    private let limits: YAMLLimits
    private var anchors: [String: YAMLNode] = [:]
    private var nodes = 0

    init(events: consuming YAMLEventStream, collector: DiagnosticCollector, limits: YAMLLimits) {
        self.events = events
        self.collector = collector
        self.limits = limits
    }

    private mutating func next() throws(Failure) -> YAMLEventStream.Event {
        try events.next(in: collector.source)
    }

    mutating func documents() throws(Failure) -> [YAMLNode] {
        var documents: [YAMLNode] = []
        while true {
            switch try next().kind {
            case .streamEnd: return documents
            case .documentStart:
                // An anchor holds within its document (YAML 1.2.2, section 3.2.2.2).
                anchors.removeAll()
                documents.append(try node(try next(), depth: 1))
            default: continue
            }
        }
    }

    private mutating func node(_ event: YAMLEventStream.Event, depth: Int) throws(Failure) -> YAMLNode {
        try check(depth <= limits.depth, "nested deeper than \(limits.depth) levels", event)
        nodes += 1
        try check(nodes <= limits.nodes, "more than \(limits.nodes) values", event)
        switch event.kind {
        case .scalar(let text, let style, let anchor, let tag):
            return remember(YAMLNode(content: .scalar(text, style), range: event.range, tag: tag), anchor)
        case .sequenceStart(let anchor, let tag):
            return remember(try sequence(event, tag: tag, depth: depth), anchor)
        case .mappingStart(let anchor, let tag):
            return remember(try mapping(event, tag: tag, depth: depth), anchor)
        case .alias(let anchor):
            return try expansion(of: anchor, event, depth: depth)
        default:
            throw Failure(position: event.range.start, message: "a value is missing here")
        }
    }

    private mutating func sequence(_ start: YAMLEventStream.Event, tag: String?, depth: Int) throws(Failure)
        -> YAMLNode
    {
        var node = YAMLNode(content: .sequence([]), range: start.range, tag: tag)
        var elements: [YAMLNode] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { break }
            let element = try self.node(event, depth: depth + 1)
            node.count(element)
            elements.append(element)
        }
        node.content = .sequence(elements)
        return node
    }

    private mutating func mapping(_ start: YAMLEventStream.Event, tag: String?, depth: Int) throws(Failure)
        -> YAMLNode
    {
        var node = YAMLNode(content: .mapping([]), range: start.range, tag: tag)
        var pairs: [YAMLNode.Pair] = []
        var places: [String: SourcePosition] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            guard case .scalar(let key, _, _, _) = event.kind else {
                throw Failure(position: event.range.start, message: "a key must be plain text")
            }
            nodes += 1
            let value = try self.node(try next(), depth: depth + 1)
            node.count(value)
            if let first = places[key] {
                collector.report(
                    "the key \"\(key)\" stands here for the second time", at: event.range,
                    hint: "first at line \(first.line), column \(first.column)")
                continue
            }
            places[key] = event.range.start
            pairs.append(YAMLNode.Pair(key: key, keyRange: event.range, value: value))
        }
        node.content = .mapping(pairs)
        return node
    }

    private mutating func expansion(
        of anchor: String, _ event: YAMLEventStream.Event, depth: Int
    ) throws(Failure) -> YAMLNode {
        // An anchor is known once its value is complete, so a value cannot contain itself.
        guard var copy = anchors[anchor] else {
            throw Failure(
                position: event.range.start,
                message: "the alias *\(anchor) has no complete anchor &\(anchor) before it")
        }
        nodes += copy.size - 1
        try check(nodes <= limits.nodes, "aliases expand to more than \(limits.nodes) values", event)
        try check(depth + copy.height - 1 <= limits.depth, "nested deeper than \(limits.depth) levels", event)
        copy.range = event.range
        return copy
    }

    private mutating func remember(_ node: YAMLNode, _ anchor: String?) -> YAMLNode {
        if let anchor { anchors[anchor] = node }
        return node
    }

    private func check(_ condition: Bool, _ message: String, _ event: YAMLEventStream.Event) throws(Failure) {
        if !condition { throw Failure(position: event.range.start, message: message) }
    }
}

extension YAMLNode {
    fileprivate mutating func count(_ child: YAMLNode) {
        size += child.size
        height = max(height, child.height + 1)
    }
}
