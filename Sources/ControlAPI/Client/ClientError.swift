/// Why a call to the daemon failed, in a sentence that says what to do.
public struct ClientError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
