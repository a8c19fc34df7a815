import TextEncoding

/// What is sent of a field.
public enum FieldPart<Selection> {
    case all
    case none
    /// Some of its members.
    case some(Selection)
}

/// Which members of a message are sent.
public protocol FieldSelection {
    func part(_ name: StaticString) -> FieldPart<Self>
}

/// Passes on to another visitor only the fields of a selection: a subscriber's field filters.
///
/// Processes that are sent in part are described anew instead of taken from their cache; that is the
/// price of a field filter.
struct MaskedVisitor<Base: FieldVisitor & ~Copyable, Selection: FieldSelection>: FieldVisitor, ~Copyable {
    var base: Base
    private var selection: Selection?

    /// - Parameter selection: nil = everything.
    init(_ base: consuming Base, _ selection: Selection?) {
        self.base = base
        self.selection = selection
    }

    private func part(_ field: Field) -> FieldPart<Selection> {
        selection?.part(field.name) ?? .all
    }

    /// Whether anything of a field is sent that has no members.
    private func wants(_ field: Field) -> Bool {
        if case .none = part(field) { false } else { true }
    }

    mutating func string(_ field: Field, _ value: RawSpan) { if wants(field) { base.string(field, value) } }
    mutating func text(_ field: Field, _ value: StaticString?) { if wants(field) { base.text(field, value) } }
    mutating func uint32(_ field: Field, _ value: UInt32) { if wants(field) { base.uint32(field, value) } }
    mutating func int32(_ field: Field, _ value: Int32) { if wants(field) { base.int32(field, value) } }
    mutating func uint64(_ field: Field, _ value: UInt64) { if wants(field) { base.uint64(field, value) } }
    mutating func wrapped(_ field: Field, _ value: UInt32?) { if wants(field) { base.wrapped(field, value) } }
    mutating func wrapped(_ field: Field, _ value: Bool?) { if wants(field) { base.wrapped(field, value) } }
    mutating func bool(_ field: Field, _ value: Bool) { if wants(field) { base.bool(field, value) } }
    mutating func timestamp(_ field: Field, _ value: UnixTime?) {
        if wants(field) { base.timestamp(field, value) }
    }
    mutating func enumeration(_ field: Field, _ value: EnumCase?) {
        if wants(field) { base.enumeration(field, value) }
    }
    mutating func enumerations(_ field: Field, count: Int, _ element: (Int) -> EnumCase) {
        if wants(field) { base.enumerations(field, count: count, element) }
    }
    mutating func capabilities(_ field: Field, _ set: UInt64) {
        if wants(field) { base.capabilities(field, set) }
    }
    mutating func strings(_ field: Field, count: Int, _ element: (Int, (RawSpan) -> Void) -> Void) {
        if wants(field) { base.strings(field, count: count, element) }
    }
    mutating func map(_ field: Field, count: Int, _ element: (Int) -> (String, String)) {
        if wants(field) { base.map(field, count: count, element) }
    }
    mutating func bytes(_ field: Field, _ value: RawSpan) { if wants(field) { base.bytes(field, value) } }
    mutating func chosen(_ field: Field, signed value: Int64) {
        if wants(field) { base.chosen(field, signed: value) }
    }
    mutating func chosen(_ field: Field, unsigned value: UInt64) {
        if wants(field) { base.chosen(field, unsigned: value) }
    }
    mutating func chosen(_ field: Field, text value: RawSpan) {
        if wants(field) { base.chosen(field, text: value) }
    }
    mutating func chosen(_ field: Field, bytes value: RawSpan) {
        if wants(field) { base.chosen(field, bytes: value) }
    }

    mutating func message(_ field: Field, present: Bool, _ body: (inout Self) -> Void) {
        let part = part(field)
        if case .none = part { return }
        base.message(field, present: present) { Self.wrap(&$0, part, body) }
    }

    mutating func messages(_ field: Field, count: Int, _ body: (inout Self, Int) -> Void) {
        let part = part(field)
        if case .none = part { return }
        base.messages(field, count: count) { inner, index in Self.wrap(&inner, part) { body(&$0, index) } }
    }

    /// Lends the visitor inside a message to a masked one.
    private static func wrap(_ inner: inout Base, _ part: FieldPart<Selection>, _ body: (inout Self) -> Void)
    {
        var selection: Selection?
        if case .some(let some) = part { selection = some }
        var masked = Self(consume inner, selection)
        body(&masked)
        inner = masked.base
    }

    mutating func process(_ field: Field, _ process: ProcessObject?, _ form: ProcessForm) {
        switch part(field) {
        case .none: return
        case .all: base.process(field, process, form)
        case .some: message(field, present: process != nil) { process?.describe(form, &$0) }
        }
    }

    mutating func ancestors(_ field: Field, of process: ProcessObject?) {
        switch part(field) {
        case .none: return
        case .all: base.ancestors(field, of: process)
        case .some:
            var list: [ProcessObject] = []
            var ancestor = process?.parent?.parent
            while let current = ancestor, list.count < ProcessObject.deepestAncestry {
                list.append(current)
                ancestor = current.parent
            }
            messages(field, count: list.count) { list[$1].describe(.brief, &$0) }
        }
    }
}

/// The members of an event that are sent; the envelope around it always is.
private struct EventSelection<Members: FieldSelection>: FieldSelection {
    var kind: StaticString
    /// Inside the event; nil = the level of the envelope.
    var members: Members?
    var isEnvelope: Bool

    func part(_ name: StaticString) -> FieldPart<Self> {
        if isEnvelope {
            return name.description == kind.description
                ? .some(Self(kind: kind, members: members, isEnvelope: false)) : .all
        }
        switch members?.part(name) {
        case nil, .all?: return .all
        case .none?: return .none
        case .some(let inner)?: return .some(Self(kind: kind, members: inner, isEnvelope: false))
        }
    }
}

extension Event {
    /// Describes the parts of the event that a selection names.
    public func describe<V: FieldVisitor & ~Copyable>(
        selecting members: some FieldSelection, _ context: EncodingContext, _ visitor: inout V
    ) {
        var masked = MaskedVisitor(
            consume visitor, EventSelection(kind: kind.name, members: members, isEnvelope: true))
        describe(context, &masked)
        visitor = masked.base
    }
}
