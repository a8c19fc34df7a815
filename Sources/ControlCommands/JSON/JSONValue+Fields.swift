import EventFilters
import JSONTree

extension JSONValue {
    /// The value with the members that a field mask sends; in lists that means every element.
    func restricted(to level: FieldMask.Level) -> JSONValue {
        switch self {
        case .array(let elements): .array(elements.map { $0.restricted(to: level) })
        case .object(let members):
            .object(
                members.compactMap { name, value in
                    switch level.inclusion(of: name) {
                    case .all: (name, value)
                    case .none: nil
                    case .some(let below): (name, value.restricted(to: below))
                    }
                })
        default: self
        }
    }
}
