package import ArgumentParser
import ControlAPI

/// How a command ends. docs/secctl.md lists the codes.
package enum Failures {
    package static let good = ExitCode(0)
    /// The answer is bad news: problems, unexplained holes.
    package static let badNews = ExitCode(1)
    /// There is no answer: the daemon or a file could not be read.
    package static let noAnswer = ExitCode(2)

    /// Runs a command; errors become a sentence on stderr and an exit code.
    package static func reported(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch is OutputClosed {
            throw ExitCode.success
        } catch is CancellationError {
            throw ExitCode.success
        } catch let error as ClientError {
            Output.remark(error.description)
            throw noAnswer
        } catch let error as InputError {
            Output.remark(error.description)
            throw noAnswer
        }
    }
}
