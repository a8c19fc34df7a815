internal import PolicyModel

/// Conditions of one dimension on classes, in arrays: thousands of classes are judged by them whenever
/// policies change.
struct ClassMembers {
    /// Rules that have a condition here, and whether they hold where no atom does.
    private(set) var rules: [(rule: Int, holdsWithoutValue: Bool)] = []
    /// By condition: position of its rule in `rules`.
    private var owners: [Int] = []
    private var negations: [Bool] = []
    /// By position in `rules`: its first condition; conditions of a rule follow each other.
    private var starts: [Int] = []
    /// By atom: conditions that it satisfies.
    private var conditionsOfAtom: [[Int]]
    /// By condition and by position in `rules`: the class that they were met in last.
    private var satisfiedIn: [Int]
    private var touchedIn: [Int]
    private var turn = 0

    /// - Parameters:
    ///   - members: in the order of their rules.
    ///   - satisfiedBy: atoms of each member.
    ///   - atoms: how many there are.
    init(
        _ members: [HookTableBuilder.Member], _ conditions: [[Condition]], satisfiedBy: [[Int]], atoms: Int
    ) {
        conditionsOfAtom = Array(repeating: [], count: atoms)
        for (number, member) in members.enumerated() {
            let isNegated = conditions[member.rule][member.position].isNegated
            if rules.last?.rule != member.rule {
                rules.append((member.rule, true))
                starts.append(number)
            }
            let owner = rules.count - 1
            if !isNegated { rules[owner].holdsWithoutValue = false }
            owners.append(owner)
            negations.append(isNegated)
            for atom in satisfiedBy[number] { conditionsOfAtom[atom].append(number) }
        }
        starts.append(members.count)
        satisfiedIn = Array(repeating: 0, count: members.count)
        touchedIn = Array(repeating: 0, count: rules.count)
    }

    /// Corrects what holds without atoms to what holds with those of a class; false where no condition is
    /// satisfied by them.
    mutating func judge(_ atoms: [Int], _ set: inout RuleSet) -> Bool {
        turn += 1
        var touched: [Int] = []
        for atom in atoms {
            for condition in conditionsOfAtom[atom] where satisfiedIn[condition] != turn {
                satisfiedIn[condition] = turn
                let owner = owners[condition]
                if touchedIn[owner] != turn {
                    touchedIn[owner] = turn
                    touched.append(owner)
                }
            }
        }
        for owner in touched {
            var holds = true
            for condition in starts[owner]..<starts[owner + 1] {
                if (satisfiedIn[condition] == turn) == negations[condition] { holds = false }
            }
            if holds { set.insert(rules[owner].rule) } else { set.remove(rules[owner].rule) }
        }
        return !touched.isEmpty
    }
}
