/// A place in a policy file, as people count: from 1, in characters.
public struct SourcePlace: Sendable, Hashable {
    /// From 1; 0 = nowhere.
    public var line: UInt32
    /// From 1, in characters.
    public var column: UInt32
    /// Characters to underline.
    public var length: UInt32

    /// Values that do not fit become the nearest that do.
    public init(line: Int, column: Int, length: Int = 1) {
        self.line = UInt32(clamping: line)
        self.column = UInt32(clamping: column)
        self.length = UInt32(clamping: length)
    }

    /// Of values that no file holds.
    public static let nowhere = SourcePlace(line: 0, column: 0, length: 0)
}

/// A value that knows where it was written.
public struct Located<Value: Sendable & Hashable>: Sendable, Hashable {
    /// What was written.
    public var value: Value
    /// Where it was written.
    public var place: SourcePlace

    public init(_ value: Value, at place: SourcePlace = .nowhere) {
        self.value = value
        self.place = place
    }

    /// Another value from the same place.
    public func map<Other>(_ transform: (Value) -> Other) -> Located<Other> {
        Located<Other>(transform(value), at: place)
    }
}
