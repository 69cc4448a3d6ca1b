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
    List<Found> all = new ArrayList<>();
    for (Command command : channel.commands()) {
      if (isRunning(command) && which.test(command)) {
        all.add(new Found(command, command.use));
      }
    }
    for (Found found : all) {
      Command command = found.command;
      if (!channel.isClosed() && command.use == found.use && isRunning(command)) {
        if (command.isMovingData()) {
          moving++;
          command.endedBy = this;
        }
        channel.abort(command, channel == function.channel);
      }
    }
  }

  /**
   * A command as it was found. Ending one lets the next in the backlog begin, which may be another
   * function that ends the same: what begins in its place is not meant.
   */
  private record Found(Command command, long use) {}

  private static boolean isRunning(Command command) {
    return command.state != Command.State.FREE
        && command.state != Command.State.RESPONDING
        && !command.answersTaskManagement
        && !command.aborted;
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
