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
    /// Positions in `rules` that the last class is about.
    private var touched: [Int] = []

    /// How many conditions there are.
    var count: Int { owners.count }

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

    /// What the atoms of a class satisfy.
    enum Satisfied {
        case nothing
        /// All of it depends on this condition alone: classes with the same one have the same rules.
        case only(Int)
        case several
    }

    /// Finds the conditions that the atoms of a class satisfy; `correct` corrects by them.
    mutating func satisfy(_ atoms: [Int]) -> Satisfied {
        turn += 1
        touched.removeAll(keepingCapacity: true)
        var found = 0
        var last = 0
        for atom in atoms {
            for condition in conditionsOfAtom[atom] where satisfiedIn[condition] != turn {
                satisfiedIn[condition] = turn
                found += 1
                last = condition
                let owner = owners[condition]
                if touchedIn[owner] != turn {
                    touchedIn[owner] = turn
                    touched.append(owner)
                }
            }
        }
        return found == 0 ? .nothing : found == 1 ? .only(last) : .several
    }

    /// Corrects what holds without atoms to what holds with those that were satisfied last.
    func correct(_ set: inout RuleSet) {
        for owner in touched {
            var holds = true
            for condition in starts[owner]..<starts[owner + 1] {
                if (satisfiedIn[condition] == turn) == negations[condition] { holds = false }
            }
            if holds { set.insert(rules[owner].rule) } else { set.remove(rules[owner].rule) }
        }
    }
}
