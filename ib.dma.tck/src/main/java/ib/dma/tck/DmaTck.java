// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.DmaMemoryPool;
import ib.dma.DmaNotSupportedException;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.tck.TckResult.Outcome;
import java.util.ArrayList;
import java.util.List;

/** Runs the cases. */
public final class DmaTck {
  private DmaTck() {}

  /**
   * Runs every case, each with a scratch attachment of its own: a root device with the name and the
   * limits of the given one, attached to the ops and detached afterwards. The given device itself
   * is not touched, so that its users go on. Takes seconds; not to be called from an agent's
   * thread.
   *
   * @param device whose name, DMA mask and limits are used; need not be attached
   * @param ops the ops
   * @param pool the host's memory, of which up to 64 MiB are used
   * @param options how
   * @return a result for each case
   */
  public static TckReport run(
      IbDevice device, IbDmaOps ops, DmaMemoryPool pool, TckOptions options) {
    List<TckResult> results = new ArrayList<>();
    for (TckCase test : TckCase.values()) {
      results.add(run(test, device, ops, pool, options));
    }
    return new TckReport(device.name(), options.seed(), results);
  }

  /**
   * Runs one case.
   *
   * @param test the case
   * @param device as in the other method
   * @param ops as in the other method
   * @param pool as in the other method
   * @param options as in the other method
   * @return what became of it
   */
  public static TckResult run(
      TckCase test, IbDevice device, IbDmaOps ops, DmaMemoryPool pool, TckOptions options) {
    try (Scratch scratch = new Scratch(device, ops, pool, options)) {
      scratch.requireGuarantees(test.guarantees());
      test.body().run(scratch);
      return new TckResult(test, Outcome.PASSED, "");
    } catch (CaseSkip e) {
      return new TckResult(test, Outcome.SKIPPED, String.valueOf(e.getMessage()));
    } catch (DmaNotSupportedException e) {
      return new TckResult(test, Outcome.SKIPPED, String.valueOf(e.getMessage()));
    } catch (CaseFailure e) {
      return failed(test, options, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed(test, options, "interrupted");
    } catch (Exception e) { // whatever ops under test throw breaks the rule
      return failed(test, options, "unexpected " + e);
    }
  }

  private static TckResult failed(TckCase test, TckOptions options, String why) {
    return new TckResult(test, Outcome.FAILED, why + " (seed " + options.seed() + ")");
  }
}
