public import EventModel

/// Which fields of events are sent: the field filters of a subscription, combined.
///
/// Paths begin inside the event (`process.exec_id` of `process_exec`), as in Tetragon; the envelope
/// (time, node name) is always sent. A path covers everything below it; in lists it means every
/// element. A field is sent when every filter that applies to its kind lets it through.
public struct FieldMask: Sendable {
    /// What is sent of one field.
    public indirect enum Inclusion: Sendable, Equatable {
        case all
        case none
        /// Some of its members.
        case some(Level)
    }

    /// The members of one message.
    public struct Level: Sendable, Equatable {
        /// Members that no path names.
        var others: Inclusion
        var named: [String: Inclusion]

        /// What is sent of the member `name`.
        public func inclusion(of name: String) -> Inclusion { named[name] ?? others }

        /// What is sent of the member `name`, without making a string of it.
        public func inclusion(of name: StaticString) -> Inclusion {
            named.isEmpty ? others : inclusion(of: name.description)
        }
    }

    /// By number of the type; 0 stands for types that are not known.
    private let levels: [Int32: Level]

    /// - Throws: `FilterError` for a path that is not names with dots between them.
    public init(_ specs: [FieldFilterSpec]) throws(FilterError) {
        var levels: [Int32: Level] = [:]
        var compiled: [(spec: FieldFilterSpec, inclusion: Inclusion)] = []
        for spec in specs { compiled.append((spec, try Self.inclusion(of: spec))) }
        for number in [0] + EventType.known.map(\.number) {
            var inclusion = Inclusion.all
            for (spec, part) in compiled where Self.applies(spec, to: number) {
                inclusion = Self.both(inclusion, part)
            }
            switch inclusion {
            case .all: continue
            case .none: levels[number] = Level(others: .none, named: [:])
            case .some(let level): levels[number] = level
            }
        }
        self.levels = levels
    }

    /// True where everything is sent.
    public var isEmpty: Bool { levels.isEmpty }

    /// The fields of a kind; nil where all are sent.
    public func level(for kind: EventKind) -> Level? { levels[kind.rawValue] }

    /// The fields of a type; nil where all are sent.
    public func level(for type: EventType) -> Level? { levels[type.number] }

    private static func applies(_ spec: FieldFilterSpec, to number: Int32) -> Bool {
        spec.eventSet.isEmpty || spec.eventSet.contains(number) != spec.invertEventSet
    }

    private static func inclusion(of spec: FieldFilterSpec) throws(FilterError) -> Inclusion {
        // A filter without fields changes nothing, also one that includes.
        if spec.fields.isEmpty { return .all }
        let (named, others): (Inclusion, Inclusion) = spec.include ? (.all, .none) : (.none, .all)
        var result = others
        for path in spec.fields {
            let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard names.count <= 32, names.allSatisfy({ !$0.isEmpty }) else {
                throw FilterError(
                    field: "field_filters", text: path, reason: "a path is names with dots between them")
            }
            result = adding(names[...], to: result, named: named, others: others)
        }
        return result
    }

    private static func adding(
        _ path: ArraySlice<String>, to inclusion: Inclusion, named: Inclusion, others: Inclusion
    ) -> Inclusion {
        guard let name = path.first else { return named }
        var level: Level
        switch inclusion {
        case .some(let some): level = some
        // A shorter path covers this one already.
        case _ where inclusion == named: return inclusion
        default: level = Level(others: others, named: [:])
        }
        level.named[name] = adding(
            path.dropFirst(), to: level.inclusion(of: name), named: named, others: others)
        return .some(level)
    }

    private static func both(_ one: Inclusion, _ other: Inclusion) -> Inclusion {
        switch (one, other) {
        case (.none, _), (_, .none): return .none
        case (.all, let rest), (let rest, .all): return rest
        case (.some(let one), .some(let other)):
            var level = Level(others: both(one.others, other.others), named: [:])
            for name in Set(one.named.keys).union(other.named.keys) {
                level.named[name] = both(one.inclusion(of: name), other.inclusion(of: name))
            }
            return .some(level)
        }
    }
}
