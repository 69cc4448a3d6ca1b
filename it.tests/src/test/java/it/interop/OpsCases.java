// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reliable connections by verbs at both ends: every operation at every size and MTU, keys and their
 * end, errors. The requester asks, the responder owns the memory.
 */
final class OpsCases {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final String THROUGH = "WRITE and READ through it, then refused (REM_ACCESS_ERR)";

  /** What a program of {@code it.fixture.ops} does, by its name. */
  private static final Map<String, String> ERRORS =
      Map.of(
          "REM_ACCESS_ERR", "WRITE, READ with a wrong key or address: REM_ACCESS_ERR",
          "REM_INV_REQ_ERR", "WRITE, READ to a queue pair without rights: REM_INV_REQ_ERR",
          "too-long", "SEND longer than the receive: REM_OP_ERR from rxe, REM_INV_REQ_ERR from us",
          "RNR_RETRY_EXC_ERR", "SEND without a receive: RNR_RETRY_EXC_ERR",
          "RETRY_EXC_ERR", "SEND to a queue pair that is gone: RETRY_EXC_ERR");

  private OpsCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (int mtu : new int[] {256, 512, 1024, 2048, 4096}) {
      cases.add(operations("requester", mtu));
      cases.add(operations("responder", mtu));
    }
    cases.add(operations("requester", 1024).overIpv6());
    cases.add(operations("responder", 1024).overIpv6());
    for (String role : List.of("requester", "responder")) {
      cases.add(of(role, "BIND_MW of type 1: " + THROUGH, "1, MTU+1, 8k", 1024, "windows-1"));
      cases.add(of(role, "BIND_MW of type 2: " + THROUGH, "1, MTU+1, 8k", 1024, "windows-2"));
      cases.add(
          of(
                  role,
                  "SEND_WITH_INV of a window of type 2: " + THROUGH,
                  "0, 1, MTU+1",
                  1024,
                  "invalidate-window")
              .alsoInTheBuild());
      ERRORS.keySet().stream()
          .sorted()
          .forEach(name -> cases.add(of(role, ERRORS.get(name), "-", 1024, name)));
      cases.add(of(role, "ATOMIC_WRITE", "8", 1024, "ATOMIC_WRITE"));
      cases.add(flush(role));
    }
    cases.add(
        of(
            "responder",
            "REG_MR, SEND_WITH_INV of it: " + THROUGH,
            "0, 1, MTU+1",
            1024,
            "invalidate-region"));
    return cases;
  }

  /** Each message by the kernel and by us, to compare how they look. */
  static List<Case> reference() {
    return List.of(
        operations("requester", 1024),
        operations("responder", 1024),
        of("requester", "SEND_WITH_INV", "0, 1, MTU+1", 1024, "invalidate-window"),
        of("responder", "SEND_WITH_INV", "0, 1, MTU+1", 1024, "invalidate-window"));
  }

  private static Case operations(String role, int mtu) {
    return of(
        role,
        "SEND, SEND_WITH_IMM, RDMA_WRITE, RDMA_WRITE_WITH_IMM, RDMA_READ; CMP_SWAP, FETCH_ADD",
        "0, 1, MTU-1, MTU, MTU+1, 1M; 8",
        mtu,
        "matrix");
  }

  /**
   * FLUSH. Linux's rxe has it from 6.2 on, but up to 6.12 at least no other RoCEv2 host understands
   * it: its table of opcodes gives a FLUSH no place for a payload, so it computes and wants an ICRC
   * that covers headers twice (drivers/infiniband/sw/rxe/rxe_opcode.c, rxe_icrc.c).
   */
  private static Case flush(String role) {
    Case tried = of(role, Case.FLUSH, "8", 1024, "FLUSH");
    return Case.of(
        role,
        Case.FLUSH,
        "8",
        1024,
        bench -> {
          try {
            return tried.body().run(bench);
          } catch (InteropException.NotOffered e) {
            throw e;
          } catch (InteropException e) {
            if (!String.valueOf(e.getMessage()).matches("(?s).*(RETRY_EXC|nothing completes).*")) {
              throw e;
            }
            bench.dropAll();
            throw new InteropException.NotOffered(
                "the kernel drops it, and its own has an ICRC over its headers twice");
          }
        });
  }

  /** Our role, and the program that both ends do. */
  private static Case of(String role, String operation, String size, int mtu, String program) {
    return Case.of(role, operation, size, mtu, bench -> run(bench, role, mtu, program));
  }

  private static String run(Bench bench, String role, int mtu, String program)
      throws InteropException {
    Wire wire = bench.wire();
    Guest guest = bench.guest();
    ToolCases.background(guest, "ops-peer " + bench.guestGidIndex() + " " + ToolCases.sidePort());
    ToolCases.awaitSidePort(guest);
    HostProcess host = bench.host();
    host.shell("felix:start " + bench.opsBundle().toUri(), Bench.SHORT);
    String[] words = {
      wire.guestHost(),
      String.valueOf(wire.guestPort()),
      bench.ourAddress(),
      bench.guestAddress(),
      String.valueOf(mtu),
      role,
      program
    };
    String said = host.shell("ops:apply \"" + String.join(" ", words) + "\"", LIMIT);
    ToolCases.ended(guest);
    if (!said.contains(" operations")) {
      throw new InteropException("ours: " + said);
    }
    return HostProcess.line(said, " operations");
  }
}
