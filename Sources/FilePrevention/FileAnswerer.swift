import CLinuxShims
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// Takes questions, asks the judge, answers. On one thread, which opens nothing, allocates nothing and waits
/// for nobody: whoever opens a marked file waits for it.
@safe
final class FileAnswerer: @unchecked Sendable {
    // @unchecked: a slot is written before epoll knows it, and cleared when the thread has left it; all else
    // is atomic.

    /// Groups at once: the one that asks, and those before it that still have questions.
    static let slots = 16
    private static let wakeToken = UInt64.max
    /// Questions of one group before others are looked at.
    private static let turn = 256
    /// MAY_READ.
    private static let mayRead: UInt64 = 4

    private let judge: any FileJudge
    private let epoll: Epoll
    private let wake: EventFD
    private let isStopping = Atomic(false)
    private let groups: UnsafeMutablePointer<FanotifyGroup?>
    private let published = Atomic<UInt>(0)
    private var sequence: UInt32 = 0
    /// Of the slots, for all but the answering thread.
    private let slotLock = Mutex(())

    /// When the question in hand was taken, CLOCK_MONOTONIC; 0 = none is.
    let busySince = Atomic<UInt64>(0)
    /// Turns that ended: whoever was seen in one of before has left it.
    let turns = Atomic<UInt64>(0)
    /// The questions in hand, see `Ticket`; 0 = none, or the watch has answered it.
    private let inHand: UnsafeMutablePointer<Atomic<UInt64>>

    private let asked = Atomic<UInt64>(0)
    private let refused = Atomic<UInt64>(0)
    private let unjudged = Atomic<UInt64>(0)
    private let overflows = Atomic<UInt64>(0)
    private let untaken = Atomic<UInt64>(0)
    private let byWatch = Atomic<UInt64>(0)

    /// A number of its own for each question, where it came from, and what it gets in doubt.
    private struct Ticket {
        private static let descriptorBits: UInt64 = 27
        private static let slotBits: UInt64 = 4
        let word: UInt64

        init(word: UInt64) { self.word = word }

        init(_ sequence: UInt32, slot: Int, descriptor: Int32, allow: Bool) {
            word =
                UInt64(sequence) << 32 | (allow ? 1 : 0) << (Self.descriptorBits + Self.slotBits)
                | UInt64(slot) << Self.descriptorBits | UInt64(descriptor)
        }

        var descriptor: Int32 { Int32(truncatingIfNeeded: word & (1 << Self.descriptorBits - 1)) }
        var slot: Int { Int(word >> Self.descriptorBits & (1 << Self.slotBits - 1)) }
        var allow: Bool { word >> (Self.descriptorBits + Self.slotBits) & 1 == 1 }
    }

    init(_ judge: any FileJudge) throws(Errno) {
        self.judge = judge
        epoll = try Epoll()
        wake = try EventFD()
        unsafe groups = .allocate(capacity: Self.slots)
        unsafe groups.initialize(repeating: nil, count: Self.slots)
        unsafe inHand = .allocate(capacity: FanotifyGroup.most)
        for index in 0..<FanotifyGroup.most { unsafe (inHand + index).initialize(to: Atomic(0)) }
        try epoll.add(wake.raw, .readable, token: Self.wakeToken)
    }

    deinit {
        unsafe groups.deinitialize(count: Self.slots)
        unsafe groups.deallocate()
        unsafe inHand.deinitialize(count: FanotifyGroup.most)
        unsafe inHand.deallocate()
        let word = published.load(ordering: .sequentiallyConsistent)
        if let names = unsafe Self.names(word) { unsafe names.release() }
    }

    // MARK: What its owner does

    /// Answers the questions of a group from now on; nil = there are too many groups.
    func add(_ group: FanotifyGroup) throws(Errno) -> Int? {
        let free = slotLock.withLock { _ -> Int? in
            let slot = (0..<Self.slots).first { unsafe groups[$0] == nil }
            if let slot { unsafe groups[slot] = group }
            return slot
        }
        guard let slot = free else { return nil }
        do throws(Errno) {
            try epoll.add(group.raw, .readable, token: UInt64(slot))
        } catch {
            slotLock.withLock { _ in unsafe groups[slot] = nil }
            throw error
        }
        return slot
    }

    /// No longer. The caller keeps the group until `hasLeft` says that the thread is not in it.
    func remove(slot: Int) {
        slotLock.withLock { _ in
            guard let group = unsafe groups[slot] else { return }
            try? epoll.remove(group.raw)
            unsafe groups[slot] = nil
        }
    }

    /// Whether the thread has left what it was in when `turns` had a value.
    func hasLeft(_ turn: UInt64) -> Bool {
        busySince.load(ordering: .sequentiallyConsistent) == 0
            || turns.load(ordering: .sequentiallyConsistent) != turn
    }

    /// From now on files and hooks are these.
    /// - Returns: what stood there; the caller lets go of it when the thread has left it.
    func publish(_ names: MarkedNames) -> MarkedNames? {
        let new = unsafe UInt(bitPattern: Unmanaged.passRetained(names).toOpaque())
        let old = published.exchange(new, ordering: .sequentiallyConsistent)
        return unsafe Self.names(old)?.takeRetainedValue()
    }

    private static func names(_ word: UInt) -> Unmanaged<MarkedNames>? {
        unsafe UnsafeRawPointer(bitPattern: word).map { unsafe Unmanaged.fromOpaque($0) }
    }

    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wake.signal()
    }

    var counters: FileCounters {
        var counters = FileCounters()
        counters.asked = asked.load(ordering: .relaxed)
        counters.refused = refused.load(ordering: .relaxed)
        counters.unjudged = unjudged.load(ordering: .relaxed)
        counters.overflows = overflows.load(ordering: .relaxed)
        counters.untaken = untaken.load(ordering: .relaxed)
        counters.byWatch = byWatch.load(ordering: .relaxed)
        return counters
    }

    // MARK: The thread

    /// Answers until `stop`.
    func run() {
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            do throws(Errno) {
                try epoll.wait(milliseconds: -1) { token, _ in
                    if token == Self.wakeToken { wake.drain() } else { serve(Int(token)) }
                }
            } catch {
                // Only a descriptor that is not ours would make it fail again and again.
                return
            }
        }
    }

    private func serve(_ slot: Int) {
        busySince.store(MonotonicClock.now, ordering: .sequentiallyConsistent)
        if let group = unsafe groups[slot] {
            for _ in 0..<Self.turn {
                do throws(Errno) {
                    let taken = try group.take()
                    guard taken.count > 0 else { break }
                    answer(taken, group, slot)
                } catch {
                    untaken.add(1, ordering: .relaxed)
                }
            }
        }
        busySince.store(0, ordering: .sequentiallyConsistent)
        turns.add(1, ordering: .sequentiallyConsistent)
    }

    private func answer(_ taken: FanotifyGroup.Taken, _ group: FanotifyGroup, _ slot: Int) {
        // All of them are in hand before the first is judged: the watch answers each.
        for index in 0..<taken.count {
            let event = taken.events[index]
            guard event.descriptor >= 0 else {
                if event.mask & FileEvents.overflow.rawValue != 0 { overflows.add(1, ordering: .relaxed) }
                continue
            }
            asked.add(1, ordering: .relaxed)
            sequence = sequence == .max ? 1 : sequence + 1
            let ticket = Ticket(
                sequence, slot: slot, descriptor: event.descriptor, allow: allowedInDoubt(event))
            unsafe inHand[index].store(ticket.word, ordering: .sequentiallyConsistent)
        }
        for index in 0..<taken.count where taken.events[index].descriptor >= 0 {
            busySince.store(MonotonicClock.now, ordering: .sequentiallyConsistent)
            let word = unsafe inHand[index].load(ordering: .sequentiallyConsistent)
            if word != 0 {
                let verdict = judge(taken.events[index])
                let isMine = unsafe inHand[index].compareExchange(
                    expected: word, desired: 0, ordering: .sequentiallyConsistent
                ).exchanged
                if isMine { give(verdict, Ticket(word: word), group) }
            }
            _ = Glibc.close(taken.events[index].descriptor)
        }
    }

    private func give(_ verdict: FileVerdict, _ ticket: Ticket, _ group: FanotifyGroup) {
        var allow = verdict == .allowed
        if verdict == .unjudged {
            unjudged.add(1, ordering: .relaxed)
            allow = ticket.allow
        }
        if !allow { refused.add(1, ordering: .relaxed) }
        group.answer(ticket.descriptor, allow: allow)
    }

    /// Asks for each hook, by each name that policies have for the file; the first that refuses ends it.
    private func judge(_ event: secd_fanotify_event) -> FileVerdict {
        let word = published.load(ordering: .sequentiallyConsistent)
        guard let names = unsafe Self.names(word)?.takeUnretainedValue() else { return .allowed }
        var identity = secd_file_identity()
        let isKnown = unsafe secd_file_identity(event.descriptor, "", &identity) == 0
        var verdict = FileVerdict.allowed
        for index in 0..<names.hookCount {
            let hook = names.hook(index)
            guard hook.events.rawValue & event.mask != 0 else { continue }
            let isRead = event.mask & FileEvents.read.rawValue != 0
            var question = unsafe FileQuestion(
                hook: hook.number, thread: event.pid, descriptor: event.descriptor,
                name: UnsafeBufferPointer(start: nil, count: 0), fileArgument: hook.fileArgument,
                accessArgument: isRead ? hook.accessArgument ?? -1 : -1, access: Self.mayRead)
            var position = isKnown ? names.next(identity, after: 0) : 0
            var isByPath = position == 0 || names.wantsPath(event.mask)
            while position != 0 || isByPath {
                if position == 0 {
                    isByPath = false
                    unsafe question.name = UnsafeBufferPointer(start: nil, count: 0)
                } else {
                    unsafe question.name = names.name(position)
                }
                if position == 0 || names.wants(position, event.mask) {
                    switch judge.judge(question) {
                    case .allowed: break
                    case .refused: return .refused
                    case .unjudged: verdict = .unjudged
                    }
                }
                if position != 0 { position = names.next(identity, after: position) }
            }
        }
        return verdict
    }

    /// What a call gets that is not judged. The daemon itself is never refused anything.
    private func allowedInDoubt(_ event: secd_fanotify_event) -> Bool {
        let word = published.load(ordering: .sequentiallyConsistent)
        guard let names = unsafe Self.names(word)?.takeUnretainedValue(), names.refusesUnjudged else {
            return true
        }
        for index in 0..<names.hookCount {
            let hook = names.hook(index)
            guard hook.refusesUnjudged, hook.events.rawValue & event.mask != 0 else { continue }
            return secd_is_own_thread(event.pid) != 0
        }
        return true
    }

    // MARK: In its place

    /// Answers everything that waits as it is wanted in doubt: for the watch, while the thread does not go
    /// on.
    func answerInPlace() { slotLock.withLock { _ in answerAll() } }

    private func answerAll() {
        for index in 0..<FanotifyGroup.most {
            let word = unsafe inHand[index].exchange(0, ordering: .sequentiallyConsistent)
            guard word != 0 else { continue }
            let ticket = Ticket(word: word)
            guard let group = unsafe groups[ticket.slot] else { continue }
            count(allow: ticket.allow)
            group.answer(ticket.descriptor, allow: ticket.allow)
        }
        for slot in 0..<Self.slots {
            guard let group = unsafe groups[slot] else { continue }
            while let taken = try? group.take(), taken.count > 0 {
                for index in 0..<taken.count { answerInDoubt(taken.events[index], group) }
            }
        }
    }

    private func answerInDoubt(_ event: secd_fanotify_event, _ group: FanotifyGroup) {
        guard event.descriptor >= 0 else { return }
        asked.add(1, ordering: .relaxed)
        let allow = allowedInDoubt(event)
        count(allow: allow)
        group.answer(event.descriptor, allow: allow)
        _ = Glibc.close(event.descriptor)
    }

    private func count(allow: Bool) {
        unjudged.add(1, ordering: .relaxed)
        byWatch.add(1, ordering: .relaxed)
        if !allow { refused.add(1, ordering: .relaxed) }
    }
}
