import EventModel

/// JSON Schema (2020-12) of the lines: one file per kind, one for processes, one for the whole line.
/// `additionalProperties` is false everywhere, so that a field that nobody described is noticed.
enum JSONSchema {
    private static let dialect = "https://json-schema.org/draft/2020-12/schema"
    private static let processFile = "process.schema.json"
    private static let argumentFile = "argument.schema.json"

    static func files(_ kinds: [KindDescription]) -> [ReferenceFile] {
        let bodies = kinds.map { kind in
            ReferenceFile(
                path: "export/schema/\(fileName(kind.kind))",
                text: document(
                    fileName(kind.kind), kind.kind.name.description, kind.kind.text, object(kind.fields)))
        }
        return bodies + [
            ReferenceFile(path: "export/schema/\(processFile)", text: processes(kinds)),
            ReferenceFile(
                path: "export/schema/\(argumentFile)",
                text: document(
                    argumentFile, "argument", "A value that an event of a policy shows.",
                    object(kinds.argument))),
            ReferenceFile(path: "export/schema/event.schema.json", text: envelope(kinds)),
        ]
    }

    private static func fileName(_ kind: EventKind) -> String { "\(kind.name).schema.json" }

    private static func document(_ id: String, _ title: String, _ text: String, _ rest: [(String, JSONText)])
        -> String
    {
        let head: [(String, JSONText)] = [
            ("$schema", .string(dialect)), ("$id", .string(id)), ("title", .string(title)),
            ("description", .string(text)),
        ]
        return JSONText.object(head + rest).document
    }

    /// A line: the envelope around exactly one event.
    private static func envelope(_ kinds: [KindDescription]) -> String {
        let names = kinds.map { $0.kind.name.description }
        let events: [(String, JSONText)] = kinds.map {
            ($0.kind.name.description, .object([("$ref", .string(fileName($0.kind)))]))
        }
        var around: [DescribedField] = []
        for kind in kinds { for field in kind.envelope { around.merge(field) } }
        return document(
            "event.schema.json", "event", "One line of the event stream.",
            [
                ("type", .string("object")),
                ("properties", .object(events + around.map { ($0.name, value($0)) })),
                ("required", .array([.string("time"), .string("secd")])),
                ("additionalProperties", .bool(false)),
                ("oneOf", .array(names.map { .object([("required", .array([.string($0)]))]) })),
            ])
    }

    /// The three forms of a process, referred to by every kind.
    private static func processes(_ kinds: [KindDescription]) -> String {
        let forms: [(String, JSONText)] = ProcessForm.all.map { form in
            let required =
                ["exec_id", "pid", "start_time"]
                + (form == .brief ? [] : ["uid", "auid", "tid", "in_init_tree"])
            let members = object(kinds.process(form)) + [("required", .array(required.map { .string($0) }))]
            return (form.word, .object(members))
        }
        return document(
            processFile, "process", "A process image in the three forms in which events contain it.",
            [("$defs", .object(forms))])
    }

    private static func object(_ fields: [DescribedField]) -> [(String, JSONText)] {
        [
            ("type", .string("object")),
            ("properties", .object(fields.map { ($0.name, value($0)) })),
            ("additionalProperties", .bool(false)),
        ]
    }

    private static func value(_ field: DescribedField) -> JSONText {
        let description = ("description", JSONText.string(field.doc))
        guard field.repeated else { return .object([description] + element(field)) }
        return .object([
            description, ("type", .string("array")), ("items", .object(element(field))),
            ("minItems", .number(1)),
        ])
    }

    private static func element(_ field: DescribedField) -> [(String, JSONText)] {
        if let form = field.form { return [("$ref", .string("\(processFile)#/$defs/\(form.word)"))] }
        if field.isArgument { return [("$ref", .string(argumentFile))] }
        switch field.type {
        case .string: return [("type", .string("string"))]
        case .bytes: return [("type", .string("string")), ("contentEncoding", .string("base64"))]
        case .bool, .boolValue: return [("type", .string("boolean"))]
        case .timestamp:
            return [
                ("type", .string("string")), ("format", .string("date-time")),
                ("pattern", .string(#"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$"#)),
            ]
        case .uint32, .uint32Value:
            return [
                ("type", .string("integer")), ("minimum", .number(0)), ("maximum", .number(Int(UInt32.max))),
            ]
        case .int32, .int32Value:
            return [
                ("type", .string("integer")), ("minimum", .number(Int(Int32.min))),
                ("maximum", .number(Int(Int32.max))),
            ]
        case .uint64: return [("type", .string("string")), ("pattern", .string(#"^(0|[1-9]\d*)$"#))]
        case .int64: return [("type", .string("string")), ("pattern", .string(#"^(0|-?[1-9]\d*)$"#))]
        case .enumeration: return [("enum", .array(field.cases.map { .string($0.name.description) }))]
        case .map:
            return [
                ("type", .string("object")), ("additionalProperties", .object([("type", .string("string"))])),
            ]
        case .message: return object(field.fields)
        }
    }
}
