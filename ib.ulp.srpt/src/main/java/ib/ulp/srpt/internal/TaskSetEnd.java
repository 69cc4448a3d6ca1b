// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Tasks ended by one task management function. Its response waits until none of them moves data any
 * more: the initiator may use their memory again from then on.
 */
final class TaskSetEnd {
  private final Command function;
  private final long use;

  /** Commands that still move data, and one for the function while it looks for them. */
  private int moving = 1;

  TaskSetEnd(Command function) {
    this.function = function;
    this.use = function.use;
  }

  /**
   * Ends commands of a channel. Those of the function's own channel get no response, and their
   * credit goes back with the function's; others get TASK ABORTED, which brings it.
   */
  void end(Channel channel, Predicate<Command> which) {
    List<Command> all = new ArrayList<>();
    for (Command command : channel.commands()) {
      boolean running =
          command.state != Command.State.FREE && command.state != Command.State.RESPONDING;
      if (running && !command.answersTaskManagement && !command.aborted && which.test(command)) {
        all.add(command);
      }
    }
    for (Command command : all) {
      if (!channel.isClosed()) {
        if (command.isMovingData()) {
          moving++;
          command.endedBy = this;
        }
        channel.abort(command, channel == function.channel);
      }
    }
  }

  /** A task moves nothing any more, or all were found. */
  void ended() {
    moving--;
    if (moving == 0
        && function.state == Command.State.AWAITING_TASKS
        && function.use == use
        && !function.channel.isClosed()) {
      function.channel.respond(function);
    }
  }
}
