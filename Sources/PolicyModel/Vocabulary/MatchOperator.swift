/// How a filter compares.
public enum MatchOperator: String, Sendable, Hashable, CaseIterable {
    case isIn = "In"
    case notIn = "NotIn"
    case equal = "Equal"
    case notEqual = "NotEqual"
    case greater = "GT"
    case less = "LT"
    case inRange = "InRange"
    case notInRange = "NotInRange"
    case inMap = "InMap"
    case notInMap = "NotInMap"
    case mask = "Mask"
    case prefix = "Prefix"
    case notPrefix = "NotPrefix"
    case postfix = "Postfix"
    case notPostfix = "NotPostfix"
    case substring = "SubString"
    case substringIgnoringCase = "SubStringIgnCase"
    case notSubstring = "NotSubString"
    case notSubstringIgnoringCase = "NotSubStringIgnCase"
    case sourceAddress = "SAddr"
    case notSourceAddress = "NotSAddr"
    case destinationAddress = "DAddr"
    case notDestinationAddress = "NotDAddr"
    case sourcePort = "SPort"
    case notSourcePort = "NotSPort"
    case sourcePortPrivileged = "SPortPriv"
    case notSourcePortPrivileged = "NotSPortPriv"
    case destinationPort = "DPort"
    case notDestinationPort = "NotDPort"
    case destinationPortPrivileged = "DPortPriv"
    case notDestinationPortPrivileged = "NotDPortPriv"
    case protocolNumber = "Protocol"
    case family = "Family"
    case state = "State"
    case fileType = "FileType"
    case notFileType = "NotFileType"
    case capabilitiesGained = "CapabilitiesGained"
    case expression = "CelExpr"

    private static let byLowercasedName: [String: MatchOperator] = {
        var names = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue.lowercased(), $0) })
        names["greaterthan"] = .greater
        names["lessthan"] = .less
        names["eq"] = .equal
        names["neq"] = .notEqual
        return names
    }()

    /// The operator of a name: Tetragon's short and lower-case names count, too.
    public init?(name: String) {
        guard let found = Self.byLowercasedName[name.lowercased()] else { return nil }
        self = found
    }

    /// Every canonical name.
    public static let names: [String] = allCases.map(\.rawValue) + ["GreaterThan", "LessThan"]

    /// Whether it holds where its opposite does not.
    public var isNegative: Bool {
        switch self {
        case .notIn, .notEqual, .notInRange, .notInMap, .notPrefix, .notPostfix, .notSourceAddress,
            .notDestinationAddress, .notSourcePort, .notSourcePortPrivileged, .notDestinationPort,
            .notDestinationPortPrivileged, .notFileType, .notSubstring, .notSubstringIgnoringCase:
            true
        default: false
        }
    }

    /// Whether it takes no values.
    public var isUnary: Bool {
        switch self {
        case .sourcePortPrivileged, .notSourcePortPrivileged, .destinationPortPrivileged,
            .notDestinationPortPrivileged:
            true
        default: false
        }
    }
}
