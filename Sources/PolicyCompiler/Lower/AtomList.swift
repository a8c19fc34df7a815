internal import PolicyModel

/// Atoms in the order in which they were met, each once.
struct AtomList {
    private(set) var atoms: [Atom] = []
    private var numbers: [Atom: Int] = [:]

    /// The number of an atom, which is added where it is new.
    mutating func add(_ atom: Atom) -> Int {
        let next = atoms.count
        let number = numbers[atom, default: next]
        if number == next {
            numbers[atom] = next
            atoms.append(atom)
        }
        return number
    }

    /// The number of an atom; nil = it was never met.
    func number(of atom: Atom) -> Int? { numbers[atom] }
}
