/// Who lets containers start, before their first instruction.
public protocol ContainerAdmission: Sendable {
    /// Whether it can say anything yet: before, no runtime is told that somebody is asked.
    var isOpen: Bool { get }
    /// Whether there are containers that it would refuse.
    var refuses: Bool { get }
    /// Answers when policies hold for a container, or cannot.
    /// - Returns: why it may not start; nil = it may.
    func admit(_ container: NRIStart) async -> String?
}
