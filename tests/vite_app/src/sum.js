export const sum = (last) => (last * (last + 1)) / 2;
