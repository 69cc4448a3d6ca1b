// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** An operation that is added to the table is passed on too. */
class DelegatingDmaOpsTest {
  @Test
  void shouldPassOnEveryOperationAsItself() {
    assertThat(IbDmaOps.class.getMethods())
        .allSatisfy(
            operation ->
                assertThat(Arrays.stream(DelegatingDmaOps.class.getDeclaredMethods()))
                    .as(operation.toString())
                    .anyMatch(own -> isSame(own, operation)));
  }

  @Test
  void shouldReachTheSameOperationBelow() throws Exception {
    for (Method operation : IbDmaOps.class.getMethods()) {
      RecordingOps below = new RecordingOps();
      operation.invoke(new DelegatingDmaOps(below.ops()) {}, RecordingOps.argumentsOf(operation));

      assertThat(below.calls()).as(operation.toString()).containsExactly(operation.getName());
    }
  }

  private static boolean isSame(Method one, Method other) {
    return one.getName().equals(other.getName())
        && Arrays.equals(one.getParameterTypes(), other.getParameterTypes());
  }
}
