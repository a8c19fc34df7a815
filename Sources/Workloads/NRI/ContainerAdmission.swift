/// Who lets containers start, before their first instruction.
public protocol ContainerAdmission: Sendable {
    /// Whether it can say anything yet: before, no runtime is told that somebody is asked.
    var isOpen: Bool { get }
    /// Whether there are containers that it would refuse.
    var refuses: Bool { get }
    /// Answers when policies hold for a container, or cannot.
    /// - Parameter answer: tells its runtime why it may not start, nil = it may; and returns whether the runtime still waits.
    func admit(_ container: NRIStart, _ answer: @Sendable (String?) -> Bool) async
}
