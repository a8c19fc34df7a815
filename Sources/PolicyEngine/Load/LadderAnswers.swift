import PolicyModel

/// What a ladder has found: a thousand policies that ask the same of a point are answered once. Lives as long
/// as the ladder, while policies are replaced, because a kernel's modules and files come and go.
final class LadderAnswers {
    private struct Question: Hashable {
        var point: AttachPoint
        var needs: MechanismLadder.Needs
    }

    private struct Place: Hashable {
        var point: AttachPoint
        var mechanism: String
    }

    private var mechanisms: [Question: Result<HookMechanism, MechanismLadder.Obstacle>] = [:]
    private var readers: [Place: ColumnReader] = [:]

    /// The mechanism for a point, or why there is none.
    func mechanism(
        _ point: AttachPoint, _ needs: MechanismLadder.Needs,
        _ find: () throws(MechanismLadder.Obstacle) -> HookMechanism
    ) throws(MechanismLadder.Obstacle) -> HookMechanism {
        let question = Question(point: point, needs: needs)
        if let known = mechanisms[question] { return try known.get() }
        let result: Result<HookMechanism, MechanismLadder.Obstacle>
        do throws(MechanismLadder.Obstacle) {
            result = .success(try find())
        } catch {
            result = .failure(error)
        }
        mechanisms[question] = result
        return try result.get()
    }

    /// What reads the columns of a point that a mechanism meets.
    func reader(_ point: AttachPoint, _ mechanism: HookMechanism, _ make: () -> ColumnReader) -> ColumnReader
    {
        let place = Place(point: point, mechanism: mechanism.name)
        if let known = readers[place] { return known }
        let reader = make()
        readers[place] = reader
        return reader
    }
}
