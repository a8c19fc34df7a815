import GRPCCore
import SystemPackage

extension ClientTarget {
    /// What went wrong and what to do, for everything that a call can throw.
    func sentence(for error: any Error) -> ClientError {
        switch error {
        case let error as ClientError:
            return error
        case let error as RPCError:
            return sentence(for: error)
        case let error as RuntimeError:
            return ClientError("cannot talk to \(name): \(error.cause.map { "\($0)" } ?? error.message)")
        case is CancellationError:
            return ClientError("the call was cancelled")
        default:
            return ClientError("cannot talk to \(name): \(error)")
        }
    }

    private func sentence(for error: RPCError) -> ClientError {
        switch error.code {
        case .invalidArgument, .resourceExhausted, .failedPrecondition, .notFound, .alreadyExists,
            .permissionDenied:
            return ClientError(error.message)
        case .unimplemented:
            return ClientError(
                "\(name) does not know this call: is it a secd of the same version? (\(error.message))")
        case .deadlineExceeded:
            return ClientError(
                "\(name) does not answer: look at its log (journalctl -u secd)", isUnreachable: true)
        case .cancelled:
            return ClientError("the call was cancelled")
        default:
            return unreachable(error)
        }
    }

    /// The transport tells a failed connection in its own words, if at all: asking the kernel again
    /// gives the reason.
    private func unreachable(_ error: RPCError) -> ClientError {
        guard case .unix(let path) = self else {
            let cause = error.cause.map { ": \($0)" } ?? ""
            return ClientError("no connection to \(name): \(error.message)\(cause)", isUnreachable: true)
        }
        switch UnixAddress.probe(path) {
        case .noSuchFileOrDirectory, .connectionRefused, .notDirectory:
            return ClientError(
                "no daemon listens on \(path): is secd running? (systemctl status secd)", isUnreachable: true)
        case .permissionDenied:
            return ClientError("no permission to use \(path): you need to be root or in group secd")
        case .none:
            return ClientError("the connection to secd on \(path) was lost: \(error.message)")
        case .some(let reason):
            return ClientError("cannot connect to \(path): \(reason)")
        }
    }

    private var name: String {
        switch self {
        case .unix(let path): "secd on \(path)"
        case .tcp(let host, let port, _): "secd on \(host):\(port)"
        }
    }
}
