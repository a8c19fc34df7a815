import CEventABI
import EventModel
import ProcessTree
import Testing

/// Records about images that nobody announced: after a loss, or in the first moments of the daemon.
@Suite struct UnknownImageTests {
    private let initial = Machine.image(1, 1)

    @Test func anExitOfAnUnknownProcessGivesWhatTheRecordSays() {
        var machine = Machine()
        machine.seed(initial)
        let gone = machine.exit(Machine.image(77, 7), parent: initial)
        #expect(gone.key.pid == 77)
        #expect(gone.parent?.key.pid == 1)
        #expect(gone.image.has(SECD_IMAGE_RECONSTRUCTED))
        #expect(machine.tree.unknown == 1)
        machine.settle()
        #expect(machine.tree.live == 1)
        #expect(machine.tree.retained == 0)
    }

    @Test func aForkFromAnUnknownParentIsCounted() {
        var machine = Machine()
        let child = machine.fork(Machine.image(66, 6), pid: 10)
        #expect(child.parent == nil)
        #expect(child.key.pid == 10)
        #expect(machine.tree.unknown == 1)
    }

    @Test func anExecFromAnUnknownImageFindsItsParentByTheRecord() {
        var machine = Machine()
        machine.seed(initial)
        let shell = machine.exec(Machine.image(10, 5), parent: initial, "/bin/sh")
        #expect(shell.parent?.key.pid == 1)
    }

    /// A record of another ring may speak of an image before its exec record is read.
    @Test func anExecFillsAnImageThatWasSpokenOfBefore() {
        var machine = Machine()
        machine.seed(initial)
        let child = machine.fork(initial, pid: 10)
        let next = Machine.image(10, machine.now + 1_000_000)
        let spokenOf = machine.tree.unannounced(next, parent: initial)
        let grandchild = machine.tree.unannounced(Machine.image(11, next.start_ns + 1), parent: next)
        machine.tree.retain(spokenOf)
        let shell = machine.exec(child.key, "/bin/sh")
        #expect(shell === spokenOf)
        #expect(shell.binary == "/bin/sh")
        #expect(!shell.image.has(SECD_IMAGE_RECONSTRUCTED))
        #expect(shell.references == 2)
        #expect(grandchild.parent === shell)
        #expect(machine.tree.live == 3)

        machine.exit(grandchild.key)
        machine.exit(shell.key)
        machine.settle()
        #expect(machine.tree.find(next) === shell)
        machine.tree.release(shell)
        #expect(machine.tree.find(next) == nil)
        #expect(machine.tree.live == 1)
        #expect(machine.tree.retained == 0)
        #expect(machine.tree.find(initial)?.references == 0)
    }

    @Test func askingTwiceForAnUnannouncedImageGivesOne() {
        let machine = Machine()
        let first = machine.tree.unannounced(Machine.image(5, 5), parent: initial)
        let second = machine.tree.unannounced(Machine.image(5, 5), parent: initial)
        #expect(first === second)
        #expect(machine.tree.live == 1)
    }

    @Test func reconcileEndsWhatIsGone() {
        var machine = Machine()
        machine.seed(initial)
        for pid in UInt32(10)..<20 { machine.fork(initial, pid: pid) }
        #expect(machine.tree.reconcile(at: machine.tick()) { $0.head.image.pid % 2 == 1 } == 5)
        #expect(machine.tree.live == 6)
        machine.settle()
        #expect(machine.tree.retained == 0)
        #expect(Set(machine.tree.all.map { $0.key.pid }) == [1, 11, 13, 15, 17, 19])
    }
}
