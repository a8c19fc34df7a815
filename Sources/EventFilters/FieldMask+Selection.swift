public import EventModel

extension FieldMask.Level: FieldSelection {
    public func part(_ name: StaticString) -> FieldPart<FieldMask.Level> {
        switch inclusion(of: name) {
        case .all: .all
        case .none: .none
        case .some(let level): .some(level)
        }
    }
}
