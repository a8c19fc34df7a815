package import KubernetesObjects
import LinuxSystem
import NIOCore
import Synchronization

/// Keeps a copy of a collection up to date: a list, then a watch from its version on. A watch that ends is begun
/// again where it was; where that is too old (410), or what came cannot be trusted, a new list is read.
package final class Reflector<Object: KubernetesObject>: Sendable {
    /// Called in order, from one task.
    package typealias Sink = @Sendable (ReflectorReport<Object>) -> Void

    private struct Books {
        var state = ReflectorState()
        /// What a watch goes on from; nil = a list is needed.
        var version: String?
    }

    private let client: APIClient
    private let resource: ResourcePath
    private let backOff: BackOff
    private let sink: Sink
    private let books = Mutex(Books())

    /// - Parameters:
    ///   - backOff: how long to wait after failures.
    ///   - sink: is told what changes.
    package init(
        _ resource: ResourcePath, _ client: APIClient, backOff: BackOff = BackOff(), sink: @escaping Sink
    ) {
        self.resource = resource
        self.client = client
        self.backOff = backOff
        self.sink = sink
    }

    /// How well the collection is known now.
    package var state: ReflectorState { books.withLock { $0.state } }

    /// Follows the collection until the task is cancelled.
    package func run() async {
        var backOff = backOff
        var wasRefused = false
        while !Task.isCancelled {
            let began = MonotonicClock.now
            var wait: UInt64 = 0
            do throws(APIFailure) {
                let version = try await version()
                wasRefused = false
                try await watch(from: version)
                // A server that ends each watch at once would be asked without a pause.
                if MonotonicClock.now &- began < 1_000_000_000 { wait = backOff.first }
            } catch {
                if error == .cancelled { break }
                note(error)
                let pause = backOff.failed(at: MonotonicClock.now, chance: Double.random(in: 0..<1))
                wait = self.wait(after: error, pause, isRepeated: wasRefused)
                wasRefused = error.isUnauthorized
            }
            if wait > 0 { try? await Task.sleep(nanoseconds: wait) }
        }
    }

    /// How long a failure waits, nanoseconds.
    private func wait(after failure: APIFailure, _ pause: UInt64, isRepeated: Bool) -> UInt64 {
        let missing = UInt64(client.limits.missingMilliseconds) * 1_000_000
        return switch failure {
        // The token is read again for each question: it may have been renewed since the last one.
        case .status(401, _, _): isRepeated ? pause : 0
        // It knows no such kind: somebody has to install it, and that is worth no more than a question now and then.
        case .status(404, _, _):
            max(pause, missing + UInt64(Double(missing) * Double.random(in: 0..<1)))
        case .status(_, _, let seconds): max(pause, UInt64(seconds) * 1_000_000_000)
        default: pause
        }
    }

    // MARK: List

    /// The version to watch from, after a list where one is needed.
    private func version() async throws(APIFailure) -> String {
        if let version = books.withLock({ $0.version }) { return version }
        var objects: [Object] = []
        var next = ""
        var version = ""
        var seen: Set<String> = []
        var missing = 0
        var bytes = 0
        repeat {
            let target = resource.list(limit: client.limits.pageObjects, next: next)
            let answer = try await client.get(target)
            bytes += answer.count
            guard bytes <= client.limits.list else {
                throw .tooLong("a list is longer than \(client.limits.list >> 20) MiB")
            }
            let page = try ListPage<Object>(answer)
            missing += page.unreadable.count
            let room = client.limits.objects - objects.count
            objects += page.objects.prefix(room)
            skip(page.unreadable.map(\.description))
            if page.objects.count > room {
                let reason = "more than \(client.limits.objects) objects"
                skip(Array(repeating: reason, count: page.objects.count - room))
                missing += page.objects.count - room
            }
            version = page.version
            next = page.next
            // A server that goes round in circles would never let the list end.
            guard next.isEmpty || seen.insert(next).inserted, seen.count <= 100_000 else {
                throw .unreadable("a list that names the same page twice")
            }
        } while !next.isEmpty
        sink(.all(objects, missing: missing))
        let result = version
        change { books in
            books.version = result
            books.state.lists += 1
            books.state.isSynced = true
            books.state.staleSince = nil
            books.state.lastError = ""
            books.state.refusal = 0
        }
        return result
    }

    // MARK: Watch

    private func watch(from version: String) async throws(APIFailure) {
        let limits = client.limits
        // Not all nodes at the same moment.
        let seconds = limits.watchSeconds + Int.random(in: 0...max(limits.watchSeconds / 4, 0))
        let cutter = Cutter(longest: limits.line)
        try await client.stream(
            resource.watch(from: version, seconds: seconds), seconds: seconds + limits.answerSeconds,
            begun: { [self] in watchBegan() },
            take: { [self] (chunk) throws(APIFailure) in try take(chunk, cutter) })
    }

    private func take(_ chunk: ByteBufferView, _ cutter: Cutter) throws(APIFailure) {
        let (lines, tooLong) = cutter.lines.withLock { cutter in
            let before = cutter.tooLong
            let lines = cutter.take(chunk)
            return (lines, cutter.tooLong - before)
        }
        if tooLong > 0 {
            let reason = "an object of a watch is longer than \(client.limits.line >> 10) KiB"
            skip(Array(repeating: reason, count: tooLong))
        }
        for line in lines { try take(line) }
    }

    private func watchBegan() {
        change { books in
            books.state.watches += 1
            books.state.staleSince = nil
            books.state.lastError = ""
            books.state.refusal = 0
        }
    }

    private func take(_ line: [UInt8]) throws(APIFailure) {
        let event: WatchEvent<Object>
        do throws(APIFailure) {
            event = try WatchEvent(line)
        } catch {
            // Whatever this was, it is lost: only a list brings it back.
            books.withLock { $0.version = nil }
            throw error
        }
        switch event {
        case .set(let object):
            advance(to: object.metadata.resourceVersion) { $0.events += 1 }
            sink(.set(object))
        case .removed(let object):
            advance(to: object.metadata.resourceVersion) { $0.events += 1 }
            sink(.removed(object))
        case .bookmark(let version): advance(to: version) { $0.bookmarks += 1 }
        case .unreadable(let error, let version):
            advance(to: version) { $0.events += 1 }
            skip([error.description])
        case .failure(410, _): throw .expired
        case .failure(let code, let message): throw .status(code, message, retryAfter: 0)
        }
    }

    /// Counts, without telling: this happens with each event.
    private func advance(to version: String, _ count: (inout ReflectorState) -> Void) {
        books.withLock { books in
            if !version.isEmpty { books.version = version }
            count(&books.state)
        }
    }

    // MARK: State

    private func note(_ failure: APIFailure) {
        change { books in
            if failure == .expired {
                books.version = nil
                books.state.expired += 1
            }
            books.state.lastError = failure.description
            books.state.refusal = failure.refusal
            if books.state.staleSince == nil { books.state.staleSince = RealtimeClock.now }
        }
    }

    private func skip(_ reasons: [String]) {
        guard let last = reasons.last else { return }
        change { books in
            books.state.skipped += UInt64(reasons.count)
            books.state.lastSkipped = last
        }
    }

    private func change(_ body: (inout Books) -> Void) {
        let state = books.withLock { books in
            body(&books)
            return books.state
        }
        sink(.state(state))
    }
}

extension APIFailure {
    /// The status of a refusal; 0 = it is something else.
    var refusal: Int {
        if case .status(let status, _, _) = self { status } else { 0 }
    }

    /// Whether the server does not believe the token, or the certificate.
    var isUnauthorized: Bool {
        if case .status(401, _, _) = self { true } else { false }
    }
}

/// The cutter of one watch, which lives as long as its connection.
private final class Cutter: Sendable {
    let lines: Mutex<LineCutter>

    init(longest: Int) { lines = Mutex(LineCutter(longest: longest)) }
}
