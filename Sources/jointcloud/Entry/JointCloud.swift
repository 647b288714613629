import ArgumentParser
import Node

/// The root of all commands: nouns, and short forms for daily acts.
struct JointCloud: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jointcloud",
    abstract: "Cooperate with other clouds: one node, its network, its collaborations and tasks.",
    discussion: """
      The node to talk to is named by --data DIR or JOINTCLOUD_DATA, or by --http URL with --token TOKEN.
      Ids may be shortened to four digits or more; names and "last" (the newest) do as well.
      Shell completion: jointcloud --generate-completion-script bash|zsh|fish
      """,
    version: "jointcloud \(Software.version)",
    groupedSubcommands: [
      CommandGroup(
        name: "Daily",
        subcommands: [Submit.self, ListTasks.self, TaskLogs.self, TaskWait.self, TaskCancel.self, TaskGet.self]),
      CommandGroup(
        name: "Setting up", subcommands: [Demo.self, NodeCommand.self, NetworkCommand.self, Doctor.self, Version.self]),
      CommandGroup(
        name: "Nouns",
        subcommands: [
          MemberCommand.self, CollaborationCommand.self, ElectionCommand.self, ParticipantCommand.self,
          TaskCommand.self, OfferCommand.self, WeightCommand.self, ContractCommand.self, EventCommand.self, Trace.self,
          LedgerCommand.self, AdapterCommand.self,
        ]),
    ])
}
