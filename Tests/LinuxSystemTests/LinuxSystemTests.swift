import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing

@Suite struct LinuxSystemTests {
    private func isOpen(_ number: Int32) -> Bool {
        (try? FileStatus(path: "/proc/self/fd/\(number)")) != nil
    }

    @Test func anOwnedDescriptorClosesOnceAndCanBeGivenAway() throws {
        let kept: Int32
        do {
            let descriptor = try OwnedFD { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }
            kept = descriptor.release()
        }
        #expect(isOpen(kept))
        try OwnedFD(taking: kept).close()
        // The number may be another test's by now, so what is open there is not looked at.
    }

    @Test func errorsAreThrownAsErrno() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            _ = try OwnedFD.open("/nonexistent", O_RDONLY).release()
        }
        #expect(throws: Errno.notDirectory) { _ = try OwnedFD.open("/dev/null/x", O_RDONLY).release() }
    }

    @Test func symbolicLinksAreNotFollowed() throws {
        let path = "/tmp/secd-link-\(getpid())"
        unsafe symlink("/dev/null", path)
        defer { try? FileTree.remove(path) }
        #expect(throws: Errno.tooManySymbolicLinkLevels) { _ = try OwnedFD.open(path, O_RDONLY).release() }
        #expect(try FileStatus(path: path).kind == .symbolicLink)
    }

    @Test func aFullDeviceSaysHowMuchItTook() throws {
        let full = try OwnedFD.open("/dev/full", O_WRONLY)
        let bytes: [UInt8] = [1, 2, 3]
        #expect(unsafe full.writeAll(bytes.span.bytes) == WriteProgress(written: 0, failure: .noSpace))
    }

    @Test func renamingWithoutReplacing() throws {
        let base = "/tmp/secd-rename-\(getpid())"
        for suffix in [".a", ".b"] { _ = try OwnedFD.open(base + suffix, O_CREAT | O_RDWR) }
        defer { for suffix in [".a", ".b"] { try? FileTree.remove(base + suffix) } }
        #expect(throws: Errno.fileExists) {
            try FileTree.rename(base + ".a", to: base + ".b", replacing: false)
        }
        try FileTree.rename(base + ".a", to: base + ".b")
    }

    @Test func anEventWakesAndStaysUntilDrained() throws {
        let event = try EventFD()
        #expect(try !event.wait(until: 0))
        event.signal()
        event.signal()
        #expect(try event.wait(until: nil))
        let drained = [event.drain(), event.drain()]
        #expect(drained == [true, false])
    }

    @Test func waitingHonoursTheDeadline() throws {
        let event = try EventFD()
        let deadline = MonotonicClock.now + 20_000_000
        #expect(try !event.wait(until: deadline))
        #expect(MonotonicClock.now >= deadline)
    }

    @Test func epollTellsDescriptorsApart() throws {
        let epoll = try Epoll()
        let first = try EventFD()
        let second = try EventFD()
        let timer = try TimerFD()
        try epoll.add(first.raw, .readable, token: 1)
        try epoll.add(second.raw, .readable, token: 2)
        try epoll.add(timer.raw, .readable, token: 3)
        second.signal()
        var tokens: [UInt64] = []
        try epoll.wait(milliseconds: -1) { token, happened in
            tokens.append(token)
            #expect(happened.contains(.readable))
        }
        #expect(tokens == [2])
        second.drain()
        try timer.arm(first: 1_000_000)
        tokens = []
        try epoll.wait(milliseconds: -1) { token, _ in tokens.append(token) }
        #expect(tokens == [3])
        #expect(timer.expirations() == 1)
        try epoll.remove(first.raw)
        first.signal()
        try epoll.wait(milliseconds: 0) { token, _ in #expect(token != 1) }
    }

    @Test func aSignalIsRead() throws {
        // On a thread of its own: the mask belongs to the thread, and the signal is sent to it alone.
        let seen = Atomic<Int32>(0)
        try withThread {
            guard let signals = try? SignalFD([SIGUSR2]) else { return }
            pthread_kill(pthread_self(), SIGUSR2)
            var requests: InlineArray<1, PollRequest> = [
                PollRequest(descriptor: signals.raw, wanted: .readable)
            ]
            _ = try? Polling.wait(&requests, until: MonotonicClock.now + 5_000_000_000)
            seen.store(signals.next() ?? -1, ordering: .relaxed)
        }
        #expect(seen.load(ordering: .relaxed) == SIGUSR2)
    }

    private func withThread(_ body: @escaping @Sendable () -> Void) throws {
        let thread = try Thread(name: "test") { body() }
        thread.join()
    }

    @Test func aThreadHasItsNameAndIsJoined() throws {
        let name = Mutex("")
        let thread = try Thread(name: "a name that is too long") {
            // The name of the calling thread, with a newline.
            var text = [UInt8](repeating: 0, count: 32)
            let count =
                (try? OwnedFD { unsafe open("/proc/thread-self/comm", O_RDONLY) }.read(into: &text)) ?? 0
            let found = String(decoding: text.prefix(max(0, count - 1)), as: UTF8.self)
            name.withLock { $0 = found }
        }
        thread.join()
        #expect(name.withLock { $0 } == "a name that is ")
    }

    /// The calling thread's slice in nanoseconds, as the kernel shows it; nil where it does not.
    private static var slice: String? {
        var text = [UInt8](repeating: 0, count: 16_384)
        guard let file = try? OwnedFD({ unsafe open("/proc/thread-self/sched", O_RDONLY) }),
            let count = try? file.read(into: &text)
        else { return nil }
        let lines = String(decoding: text.prefix(count), as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("se.slice") }?.split(separator: " ").last.map(String.init)
    }

    private static var takesSlices: Bool {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return false }
        let release = unsafe withUnsafeBytes(of: &names.release) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let numbers = release.split(separator: ".").compactMap { Int($0.prefix { $0.isNumber }) }
        return numbers.count >= 2 && (numbers[0], numbers[1]) >= (6, 12) && slice != nil
    }

    @Test(.enabled(if: takesSlices, "the kernel takes no slices (before 6.12) or does not show them"))
    func aThreadAsksForShortSlices() throws {
        let slices = Mutex<[String?]>([])
        try withThread {
            let before = Self.slice
            Thread.requestShortSlices()
            let after = Self.slice
            slices.withLock { $0 = [before, after] }
        }
        let found = slices.withLock { $0 }
        #expect(found[0] != "100000" && found[1] == "100000")
    }

    @Test func aBlockedCallCanBeInterrupted() throws {
        Thread.prepareInterruption()
        var ends = InlineArray<2, Int32>(repeating: -1)
        var span = ends.mutableSpan
        #expect(unsafe span.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) } == 0)
        let reading = OwnedFD(taking: ends[0])
        let writing = OwnedFD(taking: ends[1])
        let done = try EventFD()
        let number = reading.raw
        let doneNumber = done.raw
        let result = Atomic<Int32>(0)
        let thread = try Thread(name: "blocked") {
            var byte: UInt8 = 0
            if unsafe read(number, &byte, 1) == -1 { result.store(errno, ordering: .relaxed) }
            var one: UInt64 = 1
            _ = unsafe write(doneNumber, &one, 8)
        }
        while try !done.wait(until: MonotonicClock.now + 5_000_000) { thread.interrupt() }
        thread.join()
        #expect(result.load(ordering: .relaxed) == EINTR)
        try writing.close()
        try reading.close()
    }

    @Test func theOffsetTurnsBootTimeIntoUTC() {
        let utc = BootClock.now &+ BootClock.realtimeOffset
        let now = RealtimeClock.now
        #expect(max(utc, now) - min(utc, now) < 1_000_000_000)
    }

    @Test func aDroppedThreadIsABrokenInvariant() async {
        await #expect(processExitsWith: .failure) {
            _ = try Thread(name: "dropped") {}
        }
    }

    @Test func aForeignDescriptorIsABrokenInvariant() async {
        await #expect(processExitsWith: .failure) {
            try OwnedFD(taking: 1_000_000).truncate(to: 0)
        }
    }

    @Test func lockIsExclusiveBetweenOpenFiles() throws {
        let path = "/tmp/secd-lock-\(getpid())"
        let first = try OwnedFD.open(path, O_CREAT | O_RDWR)
        defer { try? FileTree.remove(path) }
        let second = try OwnedFD.open(path, O_RDWR)
        #expect(try first.lockExclusively())
        #expect(try !second.lockExclusively())
        try first.close()
        #expect(try second.lockExclusively())
    }
}
