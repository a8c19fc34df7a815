/// Chooses free numbers one after another, so that a number that was given back is used again as late as possible: who
/// still remembers its old meaning has time to forget.
struct NumberChoice {
    private let numbers: ClosedRange<UInt32>
    private var next: UInt32

    /// - Parameter start: the first that is tried; outside of the range, the range's first one.
    init(_ numbers: ClosedRange<UInt32>, start: UInt32 = 0) {
        self.numbers = numbers
        next = numbers.contains(start) ? start : numbers.lowerBound
    }

    /// The next number for which `isFree` says so; nil where all are in use.
    mutating func take(where isFree: (NumericIdentity) -> Bool) -> NumericIdentity? {
        for _ in 0..<numbers.count {
            let number = NumericIdentity(rawValue: next)
            next = next == numbers.upperBound ? numbers.lowerBound : next + 1
            if isFree(number) { return number }
        }
        return nil
    }
}
