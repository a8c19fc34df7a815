/// Why a call to the daemon failed, in a sentence that says what to do.
public struct ClientError: Error, CustomStringConvertible, Sendable {
    public let description: String
    /// Nobody answered where the daemon should be: it may be there in a moment.
    public let isUnreachable: Bool

    public init(_ description: String, isUnreachable: Bool = false) {
        self.description = description
        self.isUnreachable = isUnreachable
    }
}
