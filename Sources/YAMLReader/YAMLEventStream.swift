import CYaml

/// libyaml's parser events as Swift values.
///
/// libyaml and not a Swift parser: the distribution keeps it safe, and it marks every event.
@safe
struct YAMLEventStream: ~Copyable {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(anchor: String)
        case scalar(text: String, style: YAMLNode.Style, anchor: String?, tag: String?)
        case sequenceStart(anchor: String?, tag: String?)
        case mappingStart(anchor: String?, tag: String?)
        case sequenceEnd, mappingEnd
    }

    struct Event {
        var kind: Kind
        var range: YAMLNode.Range
    }

    /// A document that is not YAML.
    struct SyntaxError: Error {
        var position: SourcePosition
        var message: String
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// The parser reads from here, not from the array, which may move.
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ source: SourceText) throws(SyntaxError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            throw SyntaxError(position: SourcePosition(line: 1, column: 1), message: "out of memory")
        }
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, source.bytes.count))
        _ = unsafe input.update(fromContentsOf: source.bytes)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, source.bytes.count)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe self.parser = parser
        unsafe self.input = input
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next(in source: SourceText) throws(SyntaxError) -> Event {
        var raw = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError(in: source) }
        defer { unsafe yaml_event_delete(&raw) }
        let range = unsafe YAMLNode.Range(from: raw.start_mark, to: raw.end_mark)
        return unsafe Event(kind: Self.kind(of: raw), range: range)
    }

    private static func kind(of raw: yaml_event_t) -> Kind {
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: return unsafe .alias(anchor: text(raw.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe raw.data.sequence_start
            return unsafe .sequenceStart(anchor: text(start.anchor), tag: text(start.tag))
        case YAML_MAPPING_START_EVENT:
            let start = unsafe raw.data.mapping_start
            return unsafe .mappingStart(anchor: text(start.anchor), tag: text(start.tag))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe raw.data.scalar
            let value = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe .scalar(
                text: String(decoding: value, as: UTF8.self), style: style(scalar.style),
                anchor: text(scalar.anchor),
                tag: text(scalar.tag))
        default: return .streamEnd
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }

    private static func style(_ raw: yaml_scalar_style_t) -> YAMLNode.Style {
        switch raw {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func syntaxError(in source: SourceText) -> SyntaxError {
        var message = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "not YAML"
        // The reader stops at a byte and marks nothing; scanner and parser mark a character.
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            return SyntaxError(
                position: source.position(ofByte: unsafe Int(clamping: parser.pointee.problem_offset)),
                message: message + " (the file must be UTF-8 without control characters)")
        }
        let mark = unsafe SourcePosition(parser.pointee.problem_mark)
        if let context = unsafe parser.pointee.context {
            let place = unsafe SourcePosition(parser.pointee.context_mark)
            message = unsafe "\(message), \(String(cString: context))"
            if place != mark { message += " (line \(place.line), column \(place.column))" }
        }
        if message.contains("cannot start any token") {
            message += "; YAML is indented with spaces, never with tabs"
        }
        return SyntaxError(position: mark, message: message)
    }
}

extension SourcePosition {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}

extension YAMLNode.Range {
    fileprivate init(from start: yaml_mark_t, to end: yaml_mark_t) {
        let sameLine = start.line == end.line && end.column > start.column
        self.init(
            start: SourcePosition(start), length: sameLine ? Int(clamping: end.column - start.column) : 1)
    }
}
