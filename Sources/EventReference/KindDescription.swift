public import EventModel

/// The fields of one kind of event, as its samples showed them.
public struct KindDescription: Sendable {
    /// The kind that these fields describe.
    public let kind: EventKind
    /// Fields of the event itself.
    public let fields: [DescribedField]
    /// Fields around it, which all kinds share.
    public let envelope: [DescribedField]

    /// All kinds, in the order of `EventKind`.
    public static func all() -> [KindDescription] {
        let samples = SampleEvents()
        let events = samples.onePerKind + samples.variations
        return EventKind.allCases.map { kind in
            var merged: [DescribedField] = []
            for event in events where event.kind == kind {
                var visitor = SchemaVisitor()
                event.describe(samples.context, &visitor)
                for field in visitor.fields { merged.merge(field) }
            }
            return KindDescription(
                kind: kind, fields: merged.first { $0.name == kind.name.description }?.fields ?? [],
                envelope: merged.filter { $0.name != kind.name.description })
        }
    }
}

extension DescribedField {
    /// As JSON shows it.
    public var name: String { field.name.description }
    /// As protobuf sends it.
    public var number: Int32 { field.number }
    var doc: String { field.doc.description }

    /// Whether it holds values of a hook (`tetragon.KprobeArgument`), which all events of policies share.
    var isArgument: Bool { type == .message && ["args", "data", "return"].contains(name) }
}

extension [KindDescription] {
    /// The fields of a process in a form, merged over all events that contain one.
    func process(_ form: ProcessForm) -> [DescribedField] {
        var merged: [DescribedField] = []
        for description in self {
            for field in description.fields where field.form == form {
                for inner in field.fields { merged.merge(inner) }
            }
        }
        return merged
    }

    /// The fields of a value of a hook, merged over all events that contain one.
    var argument: [DescribedField] {
        var merged: [DescribedField] = []
        for field in flatMap(\.fields) where field.isArgument {
            for inner in field.fields { merged.merge(inner) }
        }
        return merged
    }
}

extension ProcessForm {
    static let all: [ProcessForm] = [.full, .standard, .brief]

    /// The word for the form in the schema and on the page.
    var word: String {
        switch self {
        case .full: "full"
        case .standard: "standard"
        case .brief: "brief"
        }
    }
}
