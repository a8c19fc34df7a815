import PolicyModel

/// Which entries share a hook: those that one mechanism meets at a point, and of them those that wait for the
/// return and those that do not.
///
/// What decides is the entry alone. So an entry is judged at the same end of a call in all generations, and
/// calls that run while one follows another are told once.
struct HookSides {
    /// Entries with equal sides at a point share its tables.
    struct Side: Hashable {
        var mechanism: String
        /// Of the file that it is attached to.
        var version: String
        var waits: Bool
    }

    /// By policy, entry and attach point.
    private let numbers: [[[Int]]]
    private let placed: [Key: PolicyCheck.Placed]

    private struct Key: Hashable {
        var point: AttachPoint
        var side: Int
    }

    /// - Parameter checks: without faults: each entry has all of its points.
    init(_ checks: [PolicyCheck]) {
        var sides: [AttachPoint: [Side]] = [:]
        var placed: [Key: PolicyCheck.Placed] = [:]
        numbers = checks.map { check in
            check.placed.map { entry in
                entry.map { place in
                    let side = Side(place)
                    let known = sides[place.point, default: []]
                    if let number = known.firstIndex(of: side) { return number }
                    sides[place.point] = known + [side]
                    placed[Key(point: place.point, side: known.count)] = place
                    return known.count
                }
            }
        }
        self.placed = placed
    }

    /// The side of an entry at one of its points.
    func number(_ policy: Int, _ hook: Int, _ point: Int) -> Int {
        let entry = numbers[policy][hook]
        return point < entry.count ? entry[point] : 0
    }

    /// How a side of a point is met; nil = no entry has it.
    func placed(_ point: AttachPoint, _ side: Int) -> PolicyCheck.Placed? {
        placed[Key(point: point, side: side)]
    }
}

extension HookSides.Side {
    init(_ placed: PolicyCheck.Placed) {
        self.init(
            mechanism: placed.mechanism.name, version: placed.mechanism.version, waits: placed.waits)
    }
}
