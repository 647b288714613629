import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct VanishingInputTests {
    /// Stands between `submit` and its node, and changes a file at a known moment: when bytes come that hold
    /// `trigger`, or so many as it says, before anything of them is handed on. Says its port on standard output.
    private static let relay = """
      import os, socket, sys, threading
      upstream, trigger, act, target = sys.argv[1:5]
      done = threading.Event()
      def hand_on(source, sink, watched):
        passed = 0
        try:
          while data := source.recv(65536):
            passed += len(data)
            due = passed > int(trigger) if trigger.isdigit() else trigger.encode() in data
            if watched and due and not done.is_set():
              done.set()
              os.unlink(target) if act == "unlink" else os.truncate(target, 1)
            sink.sendall(data)
        except OSError: pass
        for s in (source, sink):
          try: s.shutdown(socket.SHUT_RDWR)
          except OSError: pass
      server = socket.create_server(("127.0.0.1", 0))
      print(server.getsockname()[1], flush=True)
      while True:
        client, _ = server.accept()
        node = socket.socket(socket.AF_UNIX); node.connect(upstream)
        threading.Thread(target=hand_on, args=(client, node, True), daemon=True).start()
        threading.Thread(target=hand_on, args=(node, client, False), daemon=True).start()
      """

    /// What `submit` ends with, when `target` is changed as soon as it sends `trigger`.
    private func submit(
      _ file: String, to node: TestNode, in network: TestNetwork, at trigger: String, _ act: String, _ target: String
    ) throws -> Ended {
      let port = network.folder + "/port"
      try Data().write(to: URL(fileURLWithPath: port))
      let relay = Process()
      relay.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
      let socket = try #require(node.endpoint)["socketPath"].text
      relay.arguments = ["-c", Self.relay, socket, trigger, act, network.folder + "/" + target]
      relay.standardOutput = FileHandle(forWritingAtPath: port)
      try relay.run()
      defer {
        kill(relay.processIdentifier, SIGKILL)
        relay.waitUntilExit()
      }
      let number = try until("the relay listens") {
        let text = try String(contentsOfFile: port, encoding: .utf8)
        return text.hasSuffix("\n") ? text.trimmingCharacters(in: .whitespacesAndNewlines) : nil
      }
      return try Binary.run(
        ["submit", file, "--http", "http://127.0.0.1:\(number)", "--token", "none"], in: network.folder)
    }

    @Test func aFileThatVanishesOrShrinksAfterTheManifestWasReadIsNamedWithItsFieldAndNothingIsSubmitted() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let node = nodes[0]
        func make() throws {
          try network.write("first.txt", "one two\n")
          try network.write("second.txt", "three\n")
          // More than all buffers on the way hold, so that the rest is read after the change.
          let large = FileManager.default.createFile(atPath: network.folder + "/large.bin", contents: nil)
          #expect(large && truncate(network.folder + "/large.bin", 64 << 20) == 0)
        }
        let file = try network.manifest(
          "vanish",
          """
          inputs:
            - {name: first, files: first.txt}
            - {name: second, files: second.txt}
            - {name: large, files: large.bin}
          command: [sh, -c, 'cat "$INPUT_FIRST" "$INPUT_SECOND" | wc -w']
          resources: {cpu: 250m, memory: 64Mi}
          """)
        for (trigger, act, target, place, what) in [
          ("HEAD /v1/objects/", "unlink", "second.txt", "vanish.yaml:7:29: spec.inputs[1].files", "vanished"),
          ("1048576", "truncate", "large.bin", "vanish.yaml:8:28: spec.inputs[2].files", "changed"),
        ] {
          try make()
          let ended = try submit(file, to: node, in: network, at: trigger, act, target)
          #expect(ended.refuses(1, place, target, what, "next: "), "\(act): \(ended.status) \(ended.errors)")
          #expect(ended.output.isEmpty, "no id of a task that is not there")
          #expect(try node.ask("task", "list").list.isEmpty, "nothing is left half-submitted")
        }
        try make()
        let right = try node.run("submit", file, "--wait")
        #expect(right.text == "3", "\(right.status) \(right.errors)")
      }
    }
  }
}
