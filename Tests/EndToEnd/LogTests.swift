import Foundation
import Testing

extension EndToEnd {
  @Suite struct LogTests {
    @Test func whatFailedAttemptsWroteIsReadAtTheAskerWithAttemptAndParticipantAlsoWhenTheyAreGone() throws {
      let asker = ["a": ["--kind", "virtual"]]
      try TestNetwork.with(["a", "b", "c"], options: asker) { network, nodes in
        // Larger than what a report carries inline, so that the log itself has travelled.
        let file = try network.manifest(
          "failing",
          """
          inputs: [{name: n, range: {from: 1, to: 2, size: 1}}]
          script: |
            echo "before $INPUT_N_FIRST"
            [ "$INPUT_N_FIRST" = 1 ] || { sleep 1; exit 0; }
            i=0; while [ $i -lt 100 ]; do echo "complaint $i" >&2; i=$((i + 1)); done
            exit 3
          resources: {cpu: 100m, memory: 8Mi}
          retry: {attempts: 2}
          """)
        let waited = try nodes[0].run("submit", file, "--wait")
        #expect(waited.refuses(3, "next: jointcloud task explain"), "\(waited.status) \(waited.errors)")
        let answers = try nodes[0].ask("task", "explain", "last")
        for node in nodes.dropFirst() { try node.kill() }

        let complaint = (0..<100).map { "complaint \($0)\n" }.joined()
        let all = try nodes[0].run("task", "logs", "last")
        #expect(all.status == 0, "\(all.errors)")
        #expect(all.output.contains(complaint), "\(all.output)")
        #expect(all.output.contains("==> subtask 0, attempt 2 at "), "\(all.output)")
        #expect(all.output.contains(", stderr <==\ncomplaint 0\n"), "\(all.output)")
        // Whether it ended before the task did or with it: then nothing of it was kept, and standard error says so.
        #expect((all.output + all.errors).contains("subtask 1"), "\(all)")

        var participants: Set<String> = []
        for attempt in 1...2 {
          let text = try nodes[0].run(
            "task", "logs", "last", "--subtask", "0", "--attempt", "\(attempt)", "--stream", "stderr")
          #expect(text.output == complaint)
          let said = "subtask 0, attempt \(attempt) at "
          let line = text.errors.split(separator: "\n").first { $0.hasPrefix(said) }
          #expect(line?.contains(" failed: command: it ended with exit code 3") == true, "\(text.errors)")
          participants.insert(String(line?.dropFirst(said.count).prefix(1) ?? ""))
          let standard = try nodes[0].run(
            "task", "logs", "last", "--subtask", "0", "--attempt", "\(attempt)", "--stream", "stdout")
          #expect(standard.output == "before 1\n")
        }
        #expect(participants == ["b", "c"], "the second attempt avoids who failed: \(answers)")
        let third = try nodes[0].run("task", "logs", "last", "--subtask", "0", "--attempt", "4")
        #expect(third.refuses(1, "attempt 4", "next: jointcloud task show"), "\(third.status) \(third.errors)")
      }
    }

    @Test func logsThatLieElsewhereAreAnErrorThatNamesTheNodeAndWhatNobodyTookHasNoHeading() throws {
      let asker = ["a": ["--kind", "virtual"]]
      try TestNetwork.with(["a", "b", "c"], options: asker) { network, nodes in
        // Larger than what a report carries inline, so that nobody else has it.
        let file = try network.manifest(
          "long", "command: [seq, \"1000\"]\nresources: {cpu: 100m, memory: 8Mi}")
        let waited = try nodes[0].run("submit", file, "--wait")
        #expect(waited.status == 0, "\(waited.errors)")
        #expect(waited.errors.contains("it goes on when this command is interrupted; to end it: jointcloud cancel "))
        let doer = try nodes[0].ask("task", "show", "last")["subtasks"].list.first?["nodeName"].text
        let other = nodes[doer == "b" ? 2 : 1]
        for follow in [[], ["-f", "--subtask", "0"]] {
          // A participant learns of the end a moment later.
          let elsewhere = try until("it is over there") { () -> Ended? in
            let ended = try Binary.run(["task", "logs", "last", "--data", other.data] + follow)
            return ended.status == 0 ? nil : ended
          }
          #expect(
            elsewhere.refuses(1, "is kept at a", "next: give the same command at the node a"), "\(elsewhere.errors)")
        }

        let sleeping = try network.manifest(
          "sleeping", "replicas: 8\ncommand: [sleep, \"600\"]\nresources: {cpu: 100m, memory: 8Mi}")
        let task = try nodes[0].submit(sleeping)
        try until("it runs") { () -> Void? in try nodes[0].state(of: task) == "running" ? () : nil }
        #expect(try nodes[0].run("task", "cancel", task).status == 0)
        _ = try nodes[0].finish(task)
        let nothing = try nodes[0].run("task", "logs", task)
        #expect(nothing.status == 0 && nothing.output.isEmpty, "\(nothing.output) \(nothing.errors)")
        #expect(nothing.errors.contains("subtask 7: "), "\(nothing.errors)")
      }
    }
  }
}
