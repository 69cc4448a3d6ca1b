// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.verbs.AsyncEvent;
import ib.verbs.OwnerUsage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One promotion of an attachment: the service that users bind, with a handle for each.
 *
 * <p>Registered at most once, withdrawn once; who withdraws while somebody else registers waits for
 * that, and who comes to register after a withdrawal does nothing.
 */
final class Publication {
  private enum Phase {
    NEW,
    REGISTERING,
    REGISTERED,
    WITHDRAWN
  }

  private final Attachment attachment;
  private final long generation;
  private final Host host;
  private final List<Handle> handles = new CopyOnWriteArrayList<>();
  private final CompletableFuture<@Nullable Runnable> registered = new CompletableFuture<>();
  private final CompletableFuture<Void> withdrawn = new CompletableFuture<>();
  private Phase phase = Phase.NEW;
  private boolean withdrawing;

  /** What users hold is taken back, from now on at once. */
  private volatile boolean reclaiming;

  Publication(Attachment attachment, long generation, Host host) {
    this.attachment = attachment;
    this.generation = generation;
    this.host = host;
  }

  Attachment attachment() {
    return attachment;
  }

  long generation() {
    return generation;
  }

  /** Offers the device to users, unless it is withdrawn already. */
  void register() {
    synchronized (this) {
      if (phase != Phase.NEW) {
        return;
      }
      phase = Phase.REGISTERING;
    }
    Runnable unregister = null;
    try {
      unregister = host.publisher().publish(this);
    } catch (RuntimeException | LinkageError e) {
      host.reporter().warn(this + ": publishing failed", e);
    }
    synchronized (this) {
      if (phase == Phase.REGISTERING) {
        phase = Phase.REGISTERED;
      }
    }
    registered.complete(unregister);
  }

  /**
   * A user binds.
   *
   * @param owner symbolic name of the user's bundle
   * @return its handle
   */
  Handle acquire(String owner) {
    Handle handle = new Handle(attachment, generation, owner, host);
    handles.add(handle);
    if (reclaiming) { // after it was added: who reclaims may have looked before
      release(handle);
    }
    return handle;
  }

  /**
   * A user lets go.
   *
   * @param handle what {@link #acquire} gave
   */
  void release(Handle handle) {
    handle.release();
    handles.remove(handle);
  }

  /** Tells all users of an event of the port or device. */
  void event(AsyncEvent event) {
    handles.forEach(handle -> handle.event(event));
  }

  /** What each user has. */
  List<OwnerUsage> usage() {
    return handles.stream().map(Handle::usage).toList();
  }

  /**
   * Takes the device away from its users and takes back what they leave; returns when that is done
   * or the time is over. Users drain in their callbacks meanwhile. Idempotent: who comes later
   * waits for who came first.
   */
  void withdraw() {
    boolean first;
    synchronized (this) {
      first = !withdrawing;
      withdrawing = true;
      if (phase == Phase.NEW) {
        registered.complete(null);
      }
      if (first) {
        phase = phase == Phase.NEW ? Phase.WITHDRAWN : phase;
      }
    }
    if (first) {
      unregister();
      reclaiming = true;
      handles.forEach(this::release);
      synchronized (this) {
        phase = Phase.WITHDRAWN;
      }
      withdrawn.complete(null);
    } else {
      Waits.await(withdrawn, host.deadlines().callbackNs());
    }
  }

  private void unregister() {
    DriverCall<Void> call =
        DriverCall.start(
            "ib.core withdraw " + this,
            () -> {
              Runnable unregister = registered.get();
              if (unregister != null) {
                unregister.run();
              }
              return null;
            });
    try {
      call.await(host.deadlines().withdrawNs());
    } catch (ExecutionException e) {
      host.reporter().warn(this + ": withdrawing failed", e.getCause());
    } catch (TimeoutException e) {
      host.reporter()
          .warn(
              this
                  + " is still held after "
                  + TimeUnit.NANOSECONDS.toMillis(host.deadlines().withdrawNs())
                  + " ms by "
                  + handles.stream().map(Handle::owner).distinct().toList()
                  + ", see thread "
                  + call.thread().getName()
                  + "; reclaiming what they have");
    }
  }

  @Override
  public String toString() {
    return attachment.offer() + " generation " + generation;
  }
}
