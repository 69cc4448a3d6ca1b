// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a device or to an object of it ({@code struct ibv_async_event}).
 *
 * @param type what happened
 * @param element the queue pair, completion queue or shared receive queue; null for port and device
 * @param detail for people: object and cause
 */
public record AsyncEvent(AsyncEventType type, @Nullable RdmaResource element, String detail) {}
