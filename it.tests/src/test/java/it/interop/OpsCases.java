// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Every operation of a reliable connection at every size and MTU, data checked at both ends. */
final class OpsCases {
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private OpsCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (int mtu : new int[] {256, 512, 1024, 2048, 4096}) {
      cases.add(operations("requester", mtu));
      cases.add(operations("responder", mtu));
    }
    return cases;
  }

  private static Case operations(String role, int mtu) {
    return Case.of(
        role,
        "SEND, SEND_WITH_IMM, RDMA_WRITE, RDMA_WRITE_WITH_IMM, RDMA_READ; CMP_SWAP, FETCH_ADD",
        "0, 1, MTU-1, MTU, MTU+1, 1M; 8",
        mtu,
        bench -> {
          Wire wire = bench.wire();
          Guest guest = bench.guest();
          ToolCases.background(
              guest, "ops-peer $(gid-index " + Guest.ADDRESS + ") " + ToolCases.sidePort());
          ToolCases.awaitSidePort(guest);
          HostProcess host = bench.host();
          host.shell("felix:start " + bench.opsBundle().toUri(), Bench.SHORT);
          String[] words = {
            wire.guestHost(),
            String.valueOf(wire.guestPort()),
            Wire.ADDRESS,
            Guest.ADDRESS,
            String.valueOf(mtu),
            role
          };
          String said = host.shell("ops:apply \"" + String.join(" ", words) + "\"", LIMIT);
          ToolCases.ended(guest);
          if (!said.contains(" operations")) {
            throw new InteropException("ours: " + said);
          }
          return said.lines().filter(line -> line.contains(" operations")).findFirst().orElse("");
        });
  }
}
