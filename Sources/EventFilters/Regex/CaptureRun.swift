/// One text under a `CaptureRegex`: the instructions that it can have led to, each with the captures of the
/// preferred way there (Pike's machine, as in Go's regexp package).
struct CaptureRun {
    enum Outcome {
        case none, tooExpensive
        case found(Range<Int>, captured: [Range<Int>])
    }

    /// Instructions looked at for a text: so many, and so many more for each byte.
    private static let budget = 4_000_000
    private static let budgetPerByte = 16

    /// Instructions in the order of preference, each with its row of captures.
    private final class States {
        var order: [Int] = []
        var captures: [Int]
        /// In which round an instruction was added last.
        var added: [Int]

        init(instructions: Int, slots: Int) {
            captures = Array(repeating: -1, count: instructions * slots)
            added = Array(repeating: -1, count: instructions)
        }
    }

    private enum Pending {
        case visit(Int)
        case restore(slot: Int, value: Int)
    }

    private let program: [RegexInstruction]
    private let text: [UInt8]
    private let begins: FirstBytes
    /// Two for each group, and two for the whole match.
    private let slots: Int
    private var current: States
    private var following: States
    private var row: [Int]
    private var waiting: [Pending] = []
    private var round = 0
    private var steps = 0

    init(_ program: [RegexInstruction], groups: Int, begins: FirstBytes, _ text: [UInt8]) {
        self.program = program
        self.text = text
        self.begins = begins
        slots = 2 * groups + 2
        current = States(instructions: program.count, slots: slots)
        following = States(instructions: program.count, slots: slots)
        row = Array(repeating: -1, count: slots)
    }

    /// Where the scalar that begins at `place` ends; one beyond the text behind its end.
    func next(after place: Int) -> Int {
        place < text.count ? place + scalar(at: place).length : place + 1
    }

    /// The first match that begins at `start` or later.
    mutating func match(from start: Int) -> Outcome {
        var best: [Int]?
        var place = start
        var before = scalar(before: start)
        round += 1
        current.order.removeAll(keepingCapacity: true)
        while true {
            if current.order.isEmpty {
                if best != nil { break }
                if !begins.isAnything {
                    // Nothing is under way: on to the next byte that could begin a match.
                    let from = place
                    while place < text.count, !begins.allow(text[place]) { place += 1 }
                    if place == text.count { break }
                    if place != from {
                        before = scalar(before: place)
                        // What was ruled out here may hold there.
                        round += 1
                    }
                }
            }
            let here = place < text.count ? scalar(at: place) : nil
            if best == nil {
                for slot in row.indices { row[slot] = -1 }
                row[slots - 2] = place
                add(0, place, before, here?.scalar, to: current)
            }
            round += 1
            following.order.removeAll(keepingCapacity: true)
            step(place, here, &best)
            guard let here else { break }
            if steps > Self.budget + Self.budgetPerByte * text.count { return .tooExpensive }
            swap(&current, &following)
            place += here.length
            before = here.scalar
        }
        guard let best else { return .none }
        let captured = (0..<slots / 2 - 1).compactMap { group -> Range<Int>? in
            let (begin, end) = (best[2 * group], best[2 * group + 1])
            return begin >= 0 && end >= begin ? begin..<end : nil
        }
        return .found(best[slots - 2]..<best[slots - 1], captured: captured)
    }

    /// Feeds one scalar (nil = the end) to everything under way.
    private mutating func step(
        _ place: Int, _ here: (scalar: Unicode.Scalar, length: Int)?, _ best: inout [Int]?
    ) {
        for instruction in current.order {
            steps += 1
            let captures = current.captures[instruction * slots..<(instruction + 1) * slots]
            switch program[instruction] {
            case .match:
                best = Array(captures)
                best?[slots - 1] = place
                // What comes behind is less preferred.
                return
            case .set(let set):
                guard let here, set.contains(here.scalar) else { continue }
                for (slot, value) in captures.enumerated() { row[slot] = value }
                let end = place + here.length
                add(
                    instruction + 1, end, here.scalar, end < text.count ? scalar(at: end).scalar : nil,
                    to: following)
            default: break
            }
        }
    }

    /// Adds an instruction and all that it leads to without consuming anything, preferred ways first.
    private mutating func add(
        _ instruction: Int, _ place: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?,
        to states: States
    ) {
        waiting.append(.visit(instruction))
        while let pending = waiting.popLast() {
            guard case .visit(let number) = pending else {
                if case .restore(let slot, let value) = pending { row[slot] = value }
                continue
            }
            guard states.added[number] != round else { continue }
            states.added[number] = round
            steps += 1
            switch program[number] {
            case .set, .match:
                states.order.append(number)
                for slot in 0..<slots { states.captures[number * slots + slot] = row[slot] }
            case .assertion(let assertion):
                if assertion.holds(between: before, and: after) { waiting.append(.visit(number + 1)) }
            case .split(let one, let other):
                waiting.append(.visit(other))
                waiting.append(.visit(one))
            case .jump(let target): waiting.append(.visit(target))
            case .save(let slot):
                waiting.append(.restore(slot: slot, value: row[slot]))
                row[slot] = place
                waiting.append(.visit(number + 1))
            }
        }
    }

    private func scalar(before place: Int) -> Unicode.Scalar? {
        guard place > 0 else { return nil }
        for begin in stride(from: place - 1, through: max(0, place - 4), by: -1) {
            let found = scalar(at: begin)
            if begin + found.length == place { return found.scalar }
        }
        return "\u{fffd}"
    }

    /// The scalar that begins at a place, and its bytes; a byte that begins none is U+FFFD.
    private func scalar(at place: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let first = text[place]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
        guard length > 1, first < 0xf5, place + length <= text.count else { return ("\u{fffd}", 1) }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for byte in text[place + 1..<place + length] {
            guard byte & 0xc0 == 0x80 else { return ("\u{fffd}", 1) }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        let shortest: [UInt32] = [0, 0, 0x80, 0x800, 0x1_0000]
        guard value >= shortest[length], let scalar = Unicode.Scalar(value) else { return ("\u{fffd}", 1) }
        return (scalar, length)
    }
}
