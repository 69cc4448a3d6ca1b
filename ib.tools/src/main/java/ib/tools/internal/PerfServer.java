// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.AtomicCap;
import ib.verbs.ConnectRequest;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import ib.verbs.WcOpcode;
import ib.verbs.WorkCompletion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The passive end of a measurement: takes messages, and answers them where that is wanted. */
final class PerfServer {
  /** What a client finds that reads: this, and one more in each byte. */
  static final byte FIRST = 0x11;

  private PerfServer() {}

  private static void fill(PerfEnd end, PerfHello.Request asked) {
    MemorySegment memory = end.region.segment();
    for (int i = 0; i < asked.sizeBytes(); i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, asked.adds() ? 0 : (byte) (FIRST + i));
    }
    end.region.forDevice();
  }

  /** Serves a client until it disconnects. */
  static void serve(Run run, ConnectRequest request) throws RdmaException, ToolException {
    PerfEnd end;
    PerfHello.Request asked;
    try {
      asked = PerfHello.Request.parse(request.privateData());
      boolean atomics = run.local().device().query().capabilities().atomicCap() != AtomicCap.NONE;
      end = new PerfEnd(run, asked.depth() + 1, asked.sizeBytes(), atomics);
      for (int i = 0; asked.sends() && i < asked.depth(); i++) {
        end.postReceive();
      }
      fill(end, asked);
      RpingInfo memory = new RpingInfo(end.region.address(), end.region.rkey(), asked.sizeBytes());
      end.link.endWithRun(request.accept(end.qp, end.params(PerfHello.reply(memory)), end.link));
    } catch (RdmaException | ToolException e) {
      request.reject(RejectReason.NO_RESOURCES, new byte[0]);
      throw e;
    }
    while (true) {
      WorkCompletion completion = end.channel.next(end.link::isOver, Long.MAX_VALUE / 2);
      if (!end.isGood(completion)) {
        return;
      }
      if (completion != null && completion.opcode() == WcOpcode.RECV) {
        int length = completion.byteLength();
        end.postReceive();
        if (asked.replies()) {
          end.postReply(length);
        }
      }
    }
  }
}
