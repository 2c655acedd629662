/** What random numbers are for: the first counter of their stream. */
export const PURPOSE = { weights: 1, order: 2, views: 3, method: 4 } as const;
